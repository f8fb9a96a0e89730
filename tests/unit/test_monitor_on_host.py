"""The probes that run on hosts, one by one, on this machine; and that an old Python can read them."""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.on_host import file, folders, host, process, user_script
from monitor.probes import ON_HOST

SOURCES = sorted(Path(host.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_an_old_python_can_read_it_and_needs_nothing_but_its_library(source: Path) -> None:
    tree = ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 7))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names.append(str(node.module))
        for name in names:
            assert name.split(".")[0] in sys.stdlib_module_names - {"__future__", "dataclasses"}, name
    assert ":=" not in source.read_text(encoding="utf-8")


def by_subject(items: list[dict[str, Any]]) -> dict[str, Any]:
    assert not [item for item in items if "problem" in item]
    return {item["subject"]: item for item in items}


# --- host ---


def test_the_machine_gives_every_kind_of_sample_in_its_range() -> None:
    items = host.probe({})
    samples = [item for item in items if "name" in item]
    assert {item["name"] for item in samples} <= ON_HOST["host"].samples
    assert {"cpu.used", "load.per_core", "memory.used", "swap.used"} <= {item["name"] for item in samples}
    for item in samples:
        if item["name"] in ("cpu.used", "memory.used", "swap.used", "disk.used", "inodes.used"):
            assert 0 <= item["value"] <= 1, item


def test_cpu_times_count_waiting_as_idle_and_guests_once() -> None:
    assert host.cpu_times("cpu  10 1 5 100 20 2 3 4 9 9\ncpu0 1 1 1 1") == (120, 145)


def test_memory_amounts_are_bytes() -> None:
    assert host.memory_amounts("MemTotal:  10 kB\nHugePages_Total:  0\nMemFree: 4 kB\n") == {
        "MemTotal": 10240,
        "MemFree": 4096,
    }


MOUNTS = r"""
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
23 22 8:1 /srv/data /mnt/bind rw - ext4 /dev/sda1 rw
24 22 0:5 / /proc rw - proc proc rw
25 22 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
26 22 0:40 / /run rw,nosuid - tmpfs tmpfs rw
27 22 0:41 / /run/credentials/x ro - tmpfs none rw
28 22 0:50 / /var/lib/docker/overlay2/abc/merged rw - overlay overlay rw
29 22 0:60 /@ /btr rw - btrfs /dev/sdb rw
30 22 0:61 /@home /btr/home rw - btrfs /dev/sdb rw
31 22 8:17 / /media/my\040disk rw shared:1 master:2 - xfs /dev/sdc1 rw
32 22 8:33 / /hidden rw - ext4 /dev/sdd rw
33 22 8:49 / /hidden rw - ext4 /dev/sde rw
34 22 0:70 / /home rw - nfs4 nas:/home rw
35 22 0:71 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
"""


def test_real_mounts() -> None:
    assert host.real_mounts(MOUNTS.strip()) == [
        ("/", "ext4", "/dev/sda1"),
        ("/btr", "btrfs", "/dev/sdb"),
        ("/hidden", "ext4", "/dev/sde"),
        ("/home", "nfs4", "nas:/home"),
        ("/media/my disk", "xfs", "/dev/sdc1"),
        ("/run", "tmpfs", "tmpfs"),
    ]


def test_an_overlay_as_root_counts() -> None:
    assert host.real_mounts("1 0 0:30 / / rw - overlay overlay rw") == [("/", "overlay", "overlay")]


# --- folders ---


def test_a_folder_is_added_up_without_following_links(tmp_path: Path) -> None:
    logs, outside = tmp_path / "logs", tmp_path / "outside"
    (logs / "deep").mkdir(parents=True)
    outside.mkdir()
    (outside / "big").write_bytes(b"x" * 5000)
    (logs / "a.log").write_bytes(b"x" * 100)
    (logs / "deep" / "b.log").write_bytes(b"x" * 50)
    os.link(logs / "a.log", logs / "a-again.log")
    (logs / "link").symlink_to(outside)
    (logs / "filelink").symlink_to(outside / "big")
    sample = by_subject(folders.probe({"folders": {"logs": {"path": str(logs), "budget": 100}}}))["logs"]
    assert sample["value"] == 1.5
    assert sample["evidence"] == {"bytes": 150, "budget": 100, "files": 2, "complete": True}


def test_a_folder_that_is_missing_is_a_problem_and_the_others_count(tmp_path: Path) -> None:
    wanted = {"gone": {"path": str(tmp_path / "gone"), "budget": 1}, "here": {"path": str(tmp_path), "budget": 1}}
    problem, sample = folders.probe({"folders": wanted})
    assert "gone" in problem["problem"]
    assert sample["value"] == 0


def test_a_folder_with_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        (tmp_path / str(number)).write_bytes(b"x" * 10)
    monkeypatch.setattr(folders, "FILES", 3)
    (beyond,) = folders.probe({"folders": {"logs": {"path": str(tmp_path), "budget": 20}}})
    assert beyond["value"] == 1.5
    assert beyond["evidence"]["complete"] is False
    (unknown,) = folders.probe({"folders": {"logs": {"path": str(tmp_path), "budget": 1000}}})
    assert "too many files" in unknown["problem"]


# --- file ---


def test_files_that_drifted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "LARGEST", 50)
    (tmp_path / "same").write_bytes(b"good")
    (tmp_path / "other").write_bytes(b"bad")
    (tmp_path / "large").write_bytes(b"x" * 51)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    expected = hashlib.sha256(b"good").hexdigest()
    names = ("same", "other", "large", "folder", "pipe", "missing", "same/below")
    found = file.probe({"files": {name: {"path": str(tmp_path / name), "expected": expected} for name in names}})
    problems = [item["problem"] for item in found if "problem" in item]
    values = {item["subject"]: (item["value"], item["evidence"]["sha256"]) for item in found if "name" in item}
    assert values["same"] == (0, expected)
    assert values["other"] == (1, hashlib.sha256(b"bad").hexdigest())
    assert values["large"] == (1, "too large")
    assert values["pipe"] == (1, "not a file")
    assert values["missing"] == values["same/below"] == (1, "missing")
    assert values.get("folder", (1, "not a file")) == (1, "not a file")
    assert len(problems) <= 1  # a folder can't be opened as a file


# --- process ---


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process with a command line that no other has."""
    script = tmp_path / "job.py"
    script.write_text("import sys\nprint('up', flush=True)\nsys.stdin.read()\n")
    child = subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"up\n"
    yield child
    child.communicate()


def test_a_process_is_found_with_what_identifies_it(sleeper: subprocess.Popen[bytes], tmp_path: Path) -> None:
    found = process.probe({"processes": {"job": {"match": str(tmp_path)}, "none": {"match": f"{tmp_path}/nothing"}}})
    samples = {(item["name"], item["subject"]): item for item in found}
    cpu = samples["process.cpu", "job"]
    assert 0 <= cpu["value"] < 50
    stat = Path(f"/proc/{sleeper.pid}/stat").read_text().rpartition(")")[2].split()
    line = Path(f"/proc/{sleeper.pid}/cmdline").read_bytes()
    assert cpu["evidence"]["pid"] == sleeper.pid
    assert cpu["evidence"]["started"] == int(stat[19])
    assert cpu["evidence"]["command_digest"] == hashlib.sha256(line).hexdigest()
    assert str(tmp_path) in cpu["evidence"]["command"]
    assert cpu["evidence"]["owner"]
    assert 0 < samples["process.memory", "job"]["value"] < 1
    assert samples["process.memory", "job"]["evidence"]["pid"] == sleeper.pid
    assert samples["process.count", "job"]["value"] == 1
    assert [samples[name, "none"]["value"] for name in sorted(ON_HOST["process"].samples)] == [0, 0, 0]
    assert samples["process.cpu", "none"]["evidence"] == {}


def test_neither_itself_nor_its_ancestors_nor_other_probes_count(tmp_path: Path) -> None:
    script = tmp_path / "ask.py"
    script.write_text(
        "import json, sys\nfrom monitor.on_host import process\n"
        "print(json.dumps(process.probe(json.load(sys.stdin))))\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()", str(tmp_path), "fleetmend-probe"], stdin=subprocess.PIPE
    )
    try:
        result = subprocess.run(
            ["/bin/sh", "-c", f"'{sys.executable}' '{script}'; true"],
            input=b'{"processes": {"x": {"match": "%s"}}}' % str(tmp_path).encode(),
            capture_output=True,
            check=True,
            env={"PYTHONPATH": str(Path(host.__file__).parents[2])},
        )
    finally:
        other.communicate()
    assert b'"process.count", "subject": "x", "value": 0' in result.stdout


def test_a_match_that_this_python_does_not_understand() -> None:
    (problem,) = process.probe({"processes": {"x": {"match": "("}}})
    assert "no regular expression" in problem["problem"]


# --- user scripts ---


@pytest.mark.parametrize(
    ("script", "interpreter"),
    [
        (b"#!/bin/sh\n", ["/bin/sh"]),
        (b"#! /usr/bin/env python3\nx", ["/usr/bin/env", "python3"]),
        (b"#!/usr/bin/python3 -I -S\n", ["/usr/bin/python3", "-I -S"]),
        (b"echo hi\n", ["/bin/sh"]),
        (b"#!\n", ["/bin/sh"]),
    ],
)
def test_the_interpreter_of_a_script(script: bytes, interpreter: list[str]) -> None:
    assert user_script._interpreter(script) == interpreter
