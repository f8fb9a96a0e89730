"""`fleetmend up` as a process of its own: it watches, plans, answers over the network, and leaves nothing behind."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from live_up import Place

from core.settings import CHECKOUT

pytestmark = pytest.mark.ansible


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
    with place.up(FLEETMEND_CONTENT=str(CHECKOUT), FLEETMEND_LOG_LEVEL="error") as up:
        up.read_until("Ctrl-C stops it")
        assert (place.root / "state" / "demo" / "demo1" / "port").is_file()
        shown = place.run("fleets", "check", "demo", FLEETMEND_CONTENT=str(CHECKOUT))
        assert shown.returncode == 0, shown.stdout + shown.stderr
        assert up.stop(signal.SIGTERM) == (0, "")
    assert not (place.root / "state" / "demo" / "demo1").exists()
    assert place.left_behind() == []
