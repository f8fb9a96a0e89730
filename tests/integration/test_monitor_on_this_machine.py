"""The programs as hosts run them: `sh -c` on this machine, read back as a sweep reads them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from local_hosts import local_host, wait_until

from catalog.catalog import UserProbe
from catalog.lock import Lock
from catalog.probe_scripts import load_probe
from core.clock import ManualClock
from core.fleets import Fleet, FleetFile, Host
from core.samples import Reading, Sample
from monitor.on_host.user_script import MEMORY
from monitor.programs import Programs
from monitor.sweep import Sweeper


class Shell:
    """A Prober whose hosts are all this machine."""

    def probe(self, fleet: Fleet, programs: Mapping[str, str]) -> Mapping[str, Reading]:
        return {host: self._run(host, command) for host, command in programs.items()}

    def _run(self, host: str, command: str) -> Reading:
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False, timeout=60)
        problem = f"rc {done.returncode}: {done.stderr}" if done.returncode else None
        return Reading(host=host, reachable=True, output=done.stdout, problem=problem)


def fleet_of(folder: Path, **variables: Any) -> Fleet:
    host = Host(name="h1", variables={"ansible_python_interpreter": sys.executable} | variables)
    return Fleet(name="demo", folder=folder, file=FleetFile(), hosts=(host,), policy_digest="0")


def measure(
    folder: Path, *probes: str, user: Mapping[str, UserProbe] | None = None, **variables: Any
) -> dict[tuple[str, str], Sample]:
    sweeper = Sweeper(Shell(), ManualClock(), limit=timedelta(seconds=30))
    samples = sweeper.measure(fleet_of(folder, **variables), probes, ["h1"], user or {})
    return {(sample.name, sample.subject): sample for sample in samples}


def script(folder: Path, text: str, name: str = "queue", timeout: str = "20s") -> dict[str, UserProbe]:
    """A vetted probe of a user's, with *text* as its script."""
    (folder / name).write_text(f"{text}\n# {folder}\n")
    (folder / f"{name}.probe.yml").write_text(f"title: Something\ntimeout: {timeout}\n")
    return {name: load_probe(folder / f"{name}.probe.yml", Lock(probes={})).evolve(vetted=True)}


def left_behind(folder: Path) -> list[Path]:
    """Temporary files of the scripts that `script` made in *folder*: each script names it."""
    found = []
    for path in (path for place in (MEMORY, tempfile.gettempdir()) for path in Path(place).glob("fleetmend-probe-*")):
        with contextlib.suppress(FileNotFoundError, PermissionError):  # another test's, or another user's
            if str(folder).encode() in path.read_bytes():
                found.append(path)
    return found


def test_everything_at_once(tmp_path: Path) -> None:
    (tmp_path / "good.conf").write_text("good")
    (tmp_path / "web.conf").write_text("bad")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_bytes(b"x" * 3000)
    found = measure(
        tmp_path,
        "host",
        "folders",
        "file",
        "process",
        fleetmend_folders={"logs": {"path": str(tmp_path / "logs"), "budget": "2KB"}},
        fleetmend_files={"conf": {"path": str(tmp_path / "web.conf"), "source": "good.conf", "service": "web"}},
        fleetmend_processes={"nothing": {"match": str(tmp_path / "nothing")}},
    )
    failing = {subject: s.evidence for (name, subject), s in found.items() if name == "probe.ok" and s.value == 0}
    assert set(failing) <= {"host"}, failing  # a machine may have a mount that does not answer
    assert found["host.reachable", ""].value == 1
    assert 0 <= float(found["cpu.used", ""].value) <= 1
    assert found["folder.used", "logs"].value == pytest.approx(3000 / 2048)
    assert (found["file.drift", "conf"].value, found["file.drift", "conf"].service) == (1, "web")
    assert found["process.count", "nothing"].value == 0


def test_a_probe_that_fails_costs_its_own_result_alone(tmp_path: Path) -> None:
    found = measure(
        tmp_path,
        "folders",
        "file",
        fleetmend_folders={"logs": {"path": str(tmp_path / "gone"), "budget": 1}},
        fleetmend_files={"conf": {"path": str(tmp_path / "web.conf"), "source": "good.conf"}},
    )
    assert "gone" in str(found["probe.ok", "folders"].evidence["error"])
    assert "good.conf" in str(found["probe.ok", "file"].evidence["error"])


def test_a_host_without_the_python_that_its_inventory_names(tmp_path: Path) -> None:
    found = measure(tmp_path, "host", ansible_python_interpreter="/nowhere/python3")
    assert found["host.reachable", ""].value == 1
    assert found["probe.ok", "host"].value == 0
    assert "rc 127" in str(found["probe.ok", "host"].evidence["error"])


def test_a_supervised_service_that_runs_stops_and_whose_supervisor_ends() -> None:
    with local_host() as host:
        entry = {"web": {"backend": "supervisor", "config": str(host.folder / "supervisord.conf")}}

        def look() -> Sample:
            return measure(host.root, "services", fleetmend_services=entry)["service.up", "web"]

        with host.supervised() as control:
            up = look()
            assert (up.value, up.service, up.evidence["state"]) == (1, "web", "RUNNING")
            control("stop", "web")
            stopped = look()
            assert (stopped.value, stopped.evidence["state"]) == (0, "STOPPED")
        ended = look()
        assert (ended.value, ended.evidence["state"]) == (0, "supervisor is down")


# --- users' own probes ---


def test_a_users_probe(tmp_path: Path) -> None:
    text = """#!/bin/sh
echo '{"name": "queue.length", "subject": "mail", "value": 17, "evidence": {"oldest_seconds": 90}}'
echo
echo '{"name": "queue.state", "value": "degraded"}'
"""
    found = measure(tmp_path, "queue", user=script(tmp_path, text))
    assert found["queue.length", "mail"].value == 17
    assert found["queue.length", "mail"].evidence == {"oldest_seconds": 90}
    assert found["queue.state", ""].value == "degraded"
    assert found["probe.ok", "queue"].value == 1
    assert left_behind(tmp_path) == []


def test_a_users_probe_in_python_sees_a_small_environment_and_no_input(tmp_path: Path) -> None:
    text = f"""#!{sys.executable}
import json, os, sys
print(json.dumps({{"name": "own.names", "value": len(os.environ), "evidence": {{
    "read": sys.stdin.read(),
    "mode": oct(os.stat(__file__).st_mode & 0o777),
    "leads": os.getpid() == os.getpgid(0),
}}}}))
"""
    sample = measure(tmp_path, "queue", user=script(tmp_path, text))["own.names", ""]
    assert float(sample.value) <= 4
    assert sample.evidence == {"read": "", "mode": "0o700", "leads": True}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo not json", "line 1 of the script's output is not JSON"),
        ("echo '[1]'", "is no sample"),
        ('echo \'{"name": "a"}\'', "is no sample"),
        ("echo trouble >&2; exit 3", "the script ended with 3: trouble"),
        ("exit 1", "it said nothing"),
        ('echo \'{"name": "service.up", "value": 1}\'', "not for this probe"),
        ("#!/no/such/interpreter\n", "FileNotFoundError"),
        ("yes", "more than"),
        ("yes >&2", "more than"),
    ],
)
def test_a_users_probe_that_fails(tmp_path: Path, text: str, said: str) -> None:
    fine = script(tmp_path, 'echo \'{"name": "fine.level", "value": 1}\'', name="fine")
    found = measure(tmp_path, "queue", "fine", user=fine | script(tmp_path, text))
    assert found["probe.ok", "queue"].value == 0
    assert said in str(found["probe.ok", "queue"].evidence["error"])
    assert found["fine.level", ""].value == 1
    assert left_behind(tmp_path) == []


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("ending", ["wait", "exit 0"])
def test_a_users_probe_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path, ending: str) -> None:
    child = tmp_path / "child"
    text = f"sleep 300 &\necho $! > {child}\n{ending}\n"  # what it leaves running keeps its output open
    found = measure(tmp_path, "queue", user=script(tmp_path, text, timeout="1s"))
    assert "did not end within 1 s" in str(found["probe.ok", "queue"].evidence["error"])
    wait_until(lambda: not is_running(int(child.read_text())))
    assert left_behind(tmp_path) == []


def test_a_program_that_is_told_to_stop_takes_its_scripts_along(tmp_path: Path) -> None:
    child = tmp_path / "child"
    probes = script(tmp_path, f"echo $$ > {child}.new\nmv {child}.new {child}\nexec sleep 300\n", timeout="60s")
    fleet = fleet_of(tmp_path)
    command = Programs(fleet, probes, limit=timedelta(seconds=60)).write(fleet.hosts[0], ["queue"]).command
    program = subprocess.Popen(["/bin/sh", "-c", f"exec {command}"], stdout=subprocess.DEVNULL)
    wait_until(child.exists)
    os.kill(program.pid, signal.SIGTERM)
    assert program.wait(30) == 128 + signal.SIGTERM
    wait_until(lambda: not is_running(int(child.read_text())))
    assert left_behind(tmp_path) == []


def test_a_probe_that_hangs_costs_its_own_result_alone(tmp_path: Path) -> None:
    fleet = fleet_of(tmp_path)
    probes = script(tmp_path, "sleep 300", timeout="300s")
    sweeper = Sweeper(Shell(), ManualClock(), limit=timedelta(seconds=2))
    found = {(s.name, s.subject): s for s in sweeper.measure(fleet, ["host", "queue"], ["h1"], probes)}
    assert "cpu.used" in {name for name, _ in found}
    assert "took too long" in str(found["probe.ok", "queue"].evidence["error"])
