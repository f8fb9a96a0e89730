"""Logs by cursor: nothing is read twice or skipped, whatever happens to the file; a flood is one count."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.samples import Sample
from monitor.on_host import signatures as on_host
from monitor.signatures import counted, moved, patterns, signatures

OOM = "kernel: Out of memory: Killed process 4711 (java)\n"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Log:
    """A log on this machine, read as a host's would be."""

    def __init__(self, path: Path) -> None:
        self.path, self.cursor = path, None
        path.write_text("Out of memory: Killed process 1 (before we looked)\n")
        assert self.read() == 0

    def write(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)

    def items(self) -> list[dict[str, Any]]:
        entry = {"file": str(self.path), "cursor": self.cursor}
        return on_host.probe({"signatures": {"log": entry}, "patterns": patterns()})

    def read(self, name: str = "oom_kill") -> float:
        items = self.items()
        [self.cursor] = [one["evidence"] for one in items if one["name"] == "log.position"]
        [found] = [one["value"] for one in items if one["name"] == f"log.{name}"]
        return float(found)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "syslog")


def test_each_line_is_read_once(log: Log) -> None:
    log.write(OOM * 3)
    assert [log.read(), log.read()] == [3, 0]
    log.write(OOM)
    assert log.read() == 1


def test_half_a_line_waits_for_its_other_half(log: Log) -> None:
    log.write(OOM[:20])
    assert log.read() == 0
    log.write(OOM[20:])
    assert log.read() == 1


def test_a_rotated_log_is_read_to_its_end_first(log: Log) -> None:
    log.write(OOM * 2)
    log.path.rename(log.path.with_name("syslog.1"))
    log.path.write_text(OOM * 5)
    assert [log.read(), log.read()] == [7, 0]


def test_a_log_that_was_rotated_twice_is_read_whole(log: Log) -> None:
    log.write(OOM)
    log.path.rename(log.path.with_name("syslog.2"))
    os.utime(log.path.with_name("syslog.2"), (1000, 1000))
    log.path.with_name("syslog.1").write_text(OOM * 10)
    log.path.write_text(OOM * 100)
    assert log.read() == 111


def test_a_truncated_log_is_read_from_its_beginning(log: Log) -> None:
    log.write(OOM)
    log.read()
    log.path.write_text(OOM)
    assert log.read() == 1


def test_one_that_was_truncated_and_has_grown_since_is_known_by_its_beginning(log: Log) -> None:
    log.path.write_text("another beginning\n" + OOM * 40)
    assert log.read() == 40


def test_binary_and_endless_lines_do_no_harm(log: Log) -> None:
    with log.path.open("ab") as file:
        file.write(bytes(range(256)) * 4000 + b"\n" + b"x" * 3_000_000 + b"\n" + OOM.encode())
    found = 0.0
    for _ in range(8):
        found += log.read()
    assert found == 1


def test_a_flood_is_one_count_and_goes_on_the_next_time(log: Log) -> None:
    log.write(OOM * 50_000)  # more than is read in one go
    reads = [log.read() for _ in range(5)]
    assert sum(reads) == 50_000
    assert reads[0] < 50_000


def test_a_log_that_is_gone_is_a_problem(log: Log) -> None:
    log.path.unlink()
    [problem] = log.items()
    assert "No such file" in problem["problem"]


LINES = {
    "oom_kill": "Memory cgroup out of memory: Killed process 77 (python3)",
    "segfault": "nginx[812]: segfault at 0 ip 00007f1 sp 00007ffd error 4 in libc.so.6",
    "disk_error": "blk_update_request: I/O error, dev sda, sector 2048 op 0x0",
    "remounted_readonly": "EXT4-fs (sda1): Remounting filesystem read-only",
    "login_failure": "sshd[99]: Failed password for invalid user admin from 192.0.2.9 port 4711 ssh2",
    "crash_loop": "web.service: Start request repeated too quickly.",
    "certificate_error": "x509: certificate has expired or is not yet valid",
    "too_many_files": "accept4() failed (24: Too many open files)",
    "kernel_trouble": "INFO: task jbd2/sda1-8:312 blocked for more than 120 seconds.",
}


@pytest.mark.parametrize("name", sorted(signatures()))
def test_every_signature_fits_its_line_and_no_other(name: str, log: Log) -> None:
    log.write("\n".join(LINES.values()) + "\n")
    assert log.read(name) == 1


def test_no_pattern_takes_long_over_a_hostile_line() -> None:
    import re

    hostile = [text * (on_host.LINE // len(text)) for text in ("traps: ", "XFS ", "rcu ", "Invalid user ", "a")]
    began = time.process_time()
    for pattern in patterns().values():
        for line in hostile:
            re.search(pattern, line)
    assert time.process_time() - began < 1


def test_the_journal_is_read_by_its_cursor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool = tmp_path / "journalctl"
    killed = json.dumps("Out of memory: Killed process 1")
    panic = json.dumps(list(b"Kernel panic - not syncing"))  # how journalctl shows what is no text

    def entry(number: int, message: str) -> str:
        return f'echo \'{{"__CURSOR":"s=1;i={number}","MESSAGE":{message}}}\'\n'

    tool.write_text(
        "#!/bin/sh\ncase $* in\n*--after-cursor*i=1*)\n"
        + entry(2, killed)
        + entry(3, panic)
        + "echo '{half'\n;;\n*--after-cursor*) ;;\n*)\n"
        + entry(1, killed)
        + ";;\nesac\n"
    )
    tool.chmod(0o755)
    monkeypatch.setattr(on_host, "PATH", f"{tmp_path}:/usr/bin:/bin")

    def read(cursor: dict[str, Any] | None) -> tuple[dict[str, float], dict[str, Any]]:
        asked = {"signatures": {"journal": {"file": None, "cursor": cursor}}, "patterns": patterns()}
        items = on_host.probe(asked)
        return {one["name"]: one["value"] for one in items if one["value"]}, items[-1]["evidence"]

    found, cursor = read(None)
    assert {name for name in found if name != "log.position"} == set()
    found, cursor = read(cursor)
    assert (found["log.oom_kill"], found["log.kernel_trouble"], cursor) == (1, 1, {"cursor": "s=1;i=3"})
    found, cursor = read(cursor)
    assert (found, cursor) == ({}, {"cursor": "s=1;i=3"})


def samples(lines: float, at: datetime) -> list[Sample]:
    position: dict[str, Any] = {"inode": 7, "offset": 100}
    return [
        Sample(host="h1", name="log.oom_kill", subject="log", value=lines, at=at),
        Sample(host="h1", name="log.position", subject="log", value=100.0, at=at, evidence=position),
    ]


def test_what_happened_once_is_seen_for_a_while() -> None:
    cursors: dict[tuple[str, str], dict[str, Any]] = {}
    seen = []
    for minute, lines in ((0, 3.0), (1, 0.0), (14, 2.0), (16, 0.0), (40, 0.0)):
        now = NOW + timedelta(minutes=minute)
        found = counted(samples(lines, now), cursors, now)
        cursors = moved(found, cursors, now)
        seen.append(found[0].value)
    assert seen == [3, 3, 5, 2, 0]
    assert cursors == {("h1", "log"): {"position": {"inode": 7, "offset": 100}, "recent": {}}}
