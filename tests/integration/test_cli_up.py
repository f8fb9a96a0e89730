"""`fleetmend up` as a process of its own: it watches, plans, answers over the network, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from core.settings import CHECKOUT

pytestmark = pytest.mark.ansible


@dataclass
class Place:
    """Folders of the test's own, and commands that work on them."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "LOGNAME": "ada",
            "FLEETMEND_STATE": str(self.root / "state"),
            "FLEETMEND_CONTENT": str(self.root / "content"),
            "FLEETMEND_PORT": "0",
            "FLEETMEND_PROBE_TIMEOUT": "60s",
        }

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=CHECKOUT,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @contextmanager
    def up(self, **environment: str) -> Iterator[Up]:
        """Run `fleetmend up` while the block lasts."""
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "up"],
            cwd=CHECKOUT,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield Up(process)
        finally:
            process.kill()
            process.communicate()

    def left_behind(self) -> list[str]:
        """Processes that have our folder in their command line."""
        lines = [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]
        return [line for line in lines if str(self.root) in line]


@dataclass
class Up:
    """A running `fleetmend up`."""

    process: subprocess.Popen[str]

    def read_until(self, word: str) -> str:
        """What it prints up to the line with *word*."""
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if word in line:
                return "".join(lines)
        _, errors = self.process.communicate()
        raise AssertionError(f"{word!r} did not come: {''.join(lines)}\n{errors}")

    def stop(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal, and return the exit code and what was written to standard error in all."""
        self.process.send_signal(number)
        _, errors = self.process.communicate()
        return self.process.returncode, errors


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    made = found.run("init", str(tmp_path / "content"))
    assert made.returncode == 0, made.stderr
    (tmp_path / "content" / "inventory" / "example" / "fleet.yml").write_text("mode: suggest\n")
    return found


def test_what_init_lays_out_is_ready(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.run("init", str(tmp_path / "content"))
    checked = place.run("fleets", "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "host this_machine  reached" in checked.stdout
    broken = tmp_path / "content" / "inventory" / "example" / "hosts.yml"
    broken.write_text("all: {hosts: {}}\n")
    checked = place.run("fleets", "check")
    assert checked.returncode == 1
    assert "the inventory resolves to no host" in checked.stdout


def test_it_watches_plans_and_answers_until_it_is_told_to_stop(place: Place) -> None:
    with place.up() as up:
        said = up.read_until("Ctrl-C stops it")
        assert "planner  rules" in said
        assert "example, mode suggest, 0 sweeps" in said
        [url] = re.findall(r"(http://127\.0\.0\.1:\d+)/api/v1/docs", said)
        [token] = re.findall(r"fm_[\w-]+", said)

        asked = place.run(
            "ask",
            "--fleet",
            "example",
            "--host",
            "this_machine",
            "--remedy",
            "diagnostics_collect",
            FLEETMEND_URL=url,
            FLEETMEND_TOKEN=token,
        )
        assert asked.returncode == 0, asked.stderr
        assert "diagnostics_collect on this_machine" in asked.stdout
        [incident] = set(re.findall(r"inc-\w+", asked.stdout))
        assert "planned: planned by person:admin" in up.read_until("planned:")

        nobody = place.run("incidents", "--url", url)
        assert nobody.returncode == 3
        assert "set FLEETMEND_TOKEN" in nobody.stderr

        second = place.run("up")
        assert second.returncode == 5
        assert "is already running on" in second.stderr

        approved = place.run("approve", incident)
        assert approved.returncode == 0, approved.stderr
        assert "approved by person:ada" in up.read_until("approved:")
        up.read_until("resolved:")
        assert up.stop(signal.SIGINT) == (0, "")
    assert place.run("journal", "verify").returncode == 0
    assert place.run("incidents", "--url", url, FLEETMEND_TOKEN=token).returncode == 75
    assert place.left_behind() == []

    with place.up() as up:
        assert "token" not in up.read_until("Ctrl-C stops it")
        assert up.stop(signal.SIGTERM) == (0, "")


def test_a_port_that_is_taken_starts_nothing(place: Place) -> None:
    with place.up() as up:
        [port] = re.findall(r"http://127\.0\.0\.1:(\d+)", up.read_until("Ctrl-C stops it"))
        second = place.run("up", FLEETMEND_PORT=port, FLEETMEND_STATE=str(place.root / "other"))
        assert second.returncode == 2
        assert second.stderr.startswith("fleetmend: FLEETMEND_PORT: can't listen on")
        assert second.stderr.count("\n") == 1


def test_the_checkout_brings_its_demo_fleet_up(place: Place) -> None:
    with place.up(FLEETMEND_CONTENT=str(CHECKOUT)) as up:
        up.read_until("Ctrl-C stops it")
        assert (place.root / "state" / "demo" / "demo1" / "port").is_file()
        shown = place.run("fleets", "check", "demo", FLEETMEND_CONTENT=str(CHECKOUT))
        assert shown.returncode == 0, shown.stdout + shown.stderr
        assert up.stop(signal.SIGTERM) == (0, "")
    assert not (place.root / "state" / "demo" / "demo1").exists()
    assert place.left_behind() == []
