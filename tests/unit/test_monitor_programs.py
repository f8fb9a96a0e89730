"""The command line for a host: nothing to quote, only what is vetted, and problems told instead of raised."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.catalog import UserProbe
from catalog.lock import Lock
from catalog.probe_scripts import load_probe
from core.fleets import Fleet, FleetFile, Host
from monitor.programs import LONGEST, Program, Programs, interpreter_of

SCRIPT = b'#!/bin/sh\necho \'{"name": "queue.length", "value": 3}\'\n'


def fleet(folder: Path) -> Fleet:
    return Fleet(name="demo", folder=folder, file=FleetFile(), hosts=(), policy_digest="0")


def user_probe(folder: Path, script: bytes = SCRIPT, vetted: bool = True) -> UserProbe:
    (folder / "queue").write_bytes(script)
    (folder / "queue.probe.yml").write_text("title: Length of the queue\ntimeout: 3s\n")
    probe = load_probe(folder / "queue.probe.yml", Lock(probes={}))
    return probe.evolve(vetted=vetted)


def write(folder: Path, variables: dict[str, Any], *probes: str, user: UserProbe | None = None) -> Program:
    host = Host(name="h1", variables=variables)
    return Programs(fleet(folder), {"queue": user} if user else {}).write(host, probes)


def request_in(program: Program) -> dict[str, Any]:
    words = shlex.split(program.command)
    assert words[-1] == "fleetmend-probe"
    decoded: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(words[-2])))
    return decoded


def test_no_value_of_the_inventory_reaches_the_shell(tmp_path: Path) -> None:
    evil = "/tmp/$(touch x)'; rm -rf \"{{ 7 * 7 }}`"
    program = write(tmp_path, {"fleetmend_folders": {"logs": {"path": evil, "budget": 1}}}, "folders")
    assert re.fullmatch(r"python3 -I -c '[^']*' [A-Za-z0-9+/=]+ [A-Za-z0-9+/=]+ fleetmend-probe", program.command)
    assert "{{" not in program.command
    (probe,) = request_in(program)["probes"]
    assert probe["arguments"] == {"folders": {"logs": {"path": evil, "budget": 1}}}


def test_only_the_sources_that_are_needed_travel(tmp_path: Path) -> None:
    variables = {"fleetmend_services": {"web": None}, "fleetmend_processes": {"jobs": {"match": "/srv/jobs"}}}
    program = write(tmp_path, variables, "services", "process", "host", "folders")
    request = request_in(program)
    assert set(request["sources"]) == {"services", "process", "host"}
    assert program.probes == ("services", "process", "host", "folders")
    assert program.carried == {"services", "process", "host"}
    assert program.subjects == {"services": {"web": "web"}, "process": {"jobs": None}, "folders": {}}
    assert program.problems == {}
    assert len(program.command) < 30_000


@pytest.mark.parametrize("probes", [(), ("reach",), ("services",)])
def test_nothing_to_measure_still_asks_whether_the_host_answers(tmp_path: Path, probes: tuple[str, ...]) -> None:
    assert write(tmp_path, {}, *probes).command == "true"


@pytest.mark.parametrize(
    ("value", "python"),
    [
        ("/usr/bin/python3.11", "/usr/bin/python3.11"),
        ("python3.9", "python3.9"),
        ("/opt/a b/python", "python3"),
        ("python3; reboot", "python3"),
        ("-c", "python3"),
        ("auto", "python3"),
        ("auto_silent", "python3"),
        ("auto_legacy_silent", "python3"),
        (None, "python3"),
        (["x"], "python3"),
    ],
)
def test_the_python_of_a_host(value: Any, python: str) -> None:
    assert interpreter_of(Host(name="h1", variables={"ansible_python_interpreter": value})) == python


def test_expected_digests_come_from_the_fleets_folder(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "web.conf").write_bytes(b"good")
    (tmp_path.parent / "outside").write_bytes(b"x")
    files = {
        "web": {"path": "/etc/web.conf", "source": "files/web.conf", "service": "web"},
        "gone": {"path": "/etc/gone", "source": "files/gone"},
        "out": {"path": "/etc/out", "source": "../outside"},
    }
    program = write(tmp_path, {"fleetmend_files": files}, "file")
    (probe,) = request_in(program)["probes"]
    expected = hashlib.sha256(b"good").hexdigest()
    assert probe["arguments"] == {"files": {"web": {"path": "/etc/web.conf", "expected": expected}}}
    assert program.subjects == {"file": {"web": "web"}}
    assert [problem.split(":")[0] for problem in program.problems["file"]] == [
        "fleetmend_files.gone",
        "fleetmend_files.out",
    ]
    assert "outside the fleet's folder" in program.problems["file"][1]


def test_a_bad_entry_does_not_stop_the_others(tmp_path: Path) -> None:
    program = write(tmp_path, {"fleetmend_services": {"web": {}, "bad": {"unit": "-x"}}}, "services")
    assert program.subjects["services"] == {"web": "web"}
    assert "fleetmend_services.bad" in program.problems["services"][0]


def test_a_vetted_user_probe_travels_along(tmp_path: Path) -> None:
    program = write(tmp_path, {}, "queue", user=user_probe(tmp_path))
    (probe,) = request_in(program)["probes"]
    assert probe["source"] == "user_script"
    assert base64.b64decode(probe["arguments"]["script"]) == SCRIPT
    assert probe["arguments"]["timeout"] == 3


def test_an_unvetted_user_probe_stays_here(tmp_path: Path) -> None:
    program = write(tmp_path, {}, "queue", user=user_probe(tmp_path, vetted=False))
    assert program.carried == frozenset()
    assert program.problems["queue"][0].startswith("not vetted; ")


@pytest.mark.parametrize("changed", ["queue", "queue.probe.yml"])
def test_a_user_probe_that_changed_since_the_catalog_was_read_stays_here(tmp_path: Path, changed: str) -> None:
    probe = user_probe(tmp_path)
    (tmp_path / changed).write_bytes(b"#!/bin/sh\nreboot\n")
    program = write(tmp_path, {}, "queue", user=probe)
    assert program.carried == frozenset()
    assert program.problems["queue"][0].startswith("not vetted; ")


def test_a_user_probe_that_went_away_is_a_problem(tmp_path: Path) -> None:
    probe = user_probe(tmp_path)
    (tmp_path / "queue").unlink()
    assert "can't be read" in write(tmp_path, {}, "queue", user=probe).problems["queue"][0]


def test_a_probe_that_nobody_knows_is_a_problem(tmp_path: Path) -> None:
    assert "no such probe" in write(tmp_path, {}, "nosuch").problems["nosuch"][0]


def test_a_script_that_is_too_large_stays_here_and_the_others_go(tmp_path: Path) -> None:
    noise = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(5000))
    program = write(tmp_path, {}, "host", "queue", user=user_probe(tmp_path, noise))
    assert len(program.command) <= LONGEST
    assert program.carried == {"host"}
    assert "too large" in program.problems["queue"][0]


def test_the_limit_travels_along(tmp_path: Path) -> None:
    programs = Programs(fleet(tmp_path), {}, limit=timedelta(seconds=7))
    assert request_in(programs.write(Host(name="h1"), ["host"]))["limit"] == 7
