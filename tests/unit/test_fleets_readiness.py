"""What `fleets check` finds, as far as files go; and how the answers of hosts are read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput
from core.fleets import Fleet, FleetFile
from core.samples import Reading
from fleets.readiness import Level, connection_findings, file_findings, readiness_programs
from fleets.resolve import Resolved, Resolver
from fleets.source import FleetSource
from tests.unit.content import host, own_environment, write_fleet

KNOWN: dict[str, Any] = {"symptoms": {"disk_full"}, "remedies": {"restart"}, "probes": {"host"}}
SWEEPS = {"sweeps": [{"every": "5s", "probes": ["host"]}]}


def resolved(_resolver: Resolver) -> Resolved:
    return Resolved((host("web1"), host("web2")), frozenset())


def odd(_resolver: Resolver) -> Resolved:
    return Resolved((host("web1", fleetmend_importance="very"),), frozenset())


def failing(_resolver: Resolver) -> Resolved:
    raise BadInput("the cloud is down")


FILES: list[tuple[Any, Any, list[tuple[Level, str]]]] = [
    (SWEEPS, resolved, [(Level.OK, "mode approve, 1 sweeps"), (Level.OK, "2 hosts in 0 groups")]),
    ({}, resolved, [(Level.OK, "mode"), (Level.WARNING, "nothing is detected"), (Level.OK, "2 hosts")]),
    (SWEEPS | {"enabled": False}, resolved, [(Level.OK, "mode"), (Level.WARNING, "enabled is false"), (Level.OK, "")]),
    (SWEEPS, odd, [(Level.OK, "mode"), (Level.OK, "1 hosts"), (Level.WARNING, "so it counts as 50")]),
    (SWEEPS, failing, [(Level.OK, "mode"), (Level.ERROR, "the cloud is down")]),
    ({"swepps": []}, resolved, [(Level.ERROR, "swepps: unknown key")]),
    ({"symptoms": {"x": "off"}}, resolved, [(Level.ERROR, "unknown symptom 'x'")]),
]


@pytest.mark.parametrize(("file", "resolve", "expected"), FILES)
def test_file_findings(tmp_path: Path, file: Any, resolve: Any, expected: list[tuple[Level, str]]) -> None:
    write_fleet(tmp_path, file=file)
    source = FleetSource(tmp_path, environment=own_environment(tmp_path, tmp_path), resolve=resolve)
    found = file_findings(source, "prod", **KNOWN)
    assert [finding.level for finding in found] == [level for level, _ in expected]
    for finding, (_, words) in zip(found, expected, strict=True):
        assert words in finding.detail


def one_host_fleet(**variables: Any) -> Fleet:
    return Fleet(name="prod", folder=Path("/f"), file=FleetFile(), hosts=(host(**variables),), policy_digest="x")


ANSWERS: list[tuple[dict[str, Any], dict[str, Any] | None, Level, str]] = [
    ({}, {"output": "uid=0\npython=3.11\n"}, Level.OK, "reached as root, Python 3.11"),
    ({}, {"output": "uid=1000\npython=3.11\n"}, Level.WARNING, "want `ansible_become: true`"),
    ({"ansible_connection": "local"}, {"output": "uid=1000\npython=3.11\n"}, Level.OK, "reached as uid 1000"),
    ({"ansible_become": True}, {"output": "uid=1000\npython=3.11\n"}, Level.ERROR, "check sudo"),
    ({"ansible_become": "yes", "ansible_become_user": "app"}, {"output": "uid=7\npython=3.9\n"}, Level.OK, "uid 7"),
    ({}, {"output": "uid=0\n"}, Level.ERROR, "has no Python at python3"),
    ({}, {"output": "uid=0\npython=3.6\n"}, Level.ERROR, "has Python 3.6"),
    ({}, {"output": "", "problem": "Missing sudo password"}, Level.ERROR, "can't be run: Missing sudo password"),
    ({}, {"output": ""}, Level.ERROR, "it printed nothing"),
    ({}, {"reachable": False, "problem": "Connection refused"}, Level.ERROR, "can't be reached: Connection refused"),
    ({}, None, Level.ERROR, "can't be reached: no answer"),
]


@pytest.mark.parametrize(("variables", "reading", "level", "words"), ANSWERS)
def test_connection_findings(
    variables: dict[str, Any], reading: dict[str, Any] | None, level: Level, words: str
) -> None:
    readings = {} if reading is None else {"web1": Reading(**{"host": "web1", "reachable": True} | reading)}
    (finding,) = connection_findings(one_host_fleet(**variables), readings)
    assert (finding.level, finding.what) == (level, "host web1")
    assert words in finding.detail


@pytest.mark.parametrize("interpreter", [sys.executable, "auto_silent", "/no/such; exit 9 #"])
def test_the_program_runs_in_a_plain_shell(interpreter: str) -> None:
    fleet = one_host_fleet(ansible_python_interpreter=interpreter, ansible_connection="local")
    program = readiness_programs(fleet)["web1"]
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, text=True, check=True, env=environment)
    (finding,) = connection_findings(fleet, {"web1": Reading(host="web1", reachable=True, output=done.stdout)})
    assert finding.level is Level.OK
