"""The probes packages, clock and dns: what they read, and what they say of hosts that can't be asked."""

from __future__ import annotations

import shutil
import struct
import subprocess
import time
from typing import Any

import pytest

from monitor.on_host import clock, dns, packages

POLICY = """\
openssl:
  Installed: 3.0.11-1~deb12u2
  Candidate: 3.0.15-1~deb12u1
  Version table:
     3.0.15-1~deb12u1 500
        500 http://archive.example.org/debian bookworm/main amd64 Packages
     3.0.14-1~deb12u1 500
        500 http://archive.example.org/debian-security bookworm-security/main amd64 Packages
 *** 3.0.11-1~deb12u2 100
        100 /var/lib/dpkg/status
curl:
  Installed: (none)
  Candidate: 7.88.1-10
  Version table:
     7.88.1-10 500
        500 http://archive.example.org/debian bookworm/main amd64 Packages
tzdata:
  Installed: 2024a-0
  Candidate: 2024b-0
  Version table:
     2024b-0 500
        500 http://archive.example.org/debian bookworm-updates/main amd64 Packages
 *** 2024a-0 100
        100 /var/lib/dpkg/status
"""


# --- packages ---


@pytest.fixture
def by_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions of these cases compare as texts do, so that no dpkg is needed."""
    monkeypatch.setattr(packages, "newer", lambda one, other: one > other)


def test_a_repaired_version_is_one_from_a_security_archive(by_length: None) -> None:
    known = packages.read_policy(POLICY)
    assert set(known) == {"openssl", "curl", "tzdata"}
    assert (known["openssl"].installed, known["openssl"].candidate) == ("3.0.11-1~deb12u2", "3.0.15-1~deb12u1")
    assert packages.repaired(known["openssl"], False) == "3.0.14-1~deb12u1"
    assert packages.repaired(known["openssl"], True) == "3.0.15-1~deb12u1"
    assert packages.repaired(known["tzdata"], False) == ""
    assert packages.repaired(known["tzdata"], True) == "2024b-0"


def test_the_probe_speaks_of_every_package(by_length: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(packages, "LISTS", str(tmp_path))
    monkeypatch.setattr(packages, "_run", lambda words: POLICY)
    entries = {name: {"name": name, "any": False} for name in ("openssl", "curl", "tzdata", "gone")}
    items = {item["subject"]: item for item in packages.probe({"packages": entries})}
    values = {subject: item["value"] for subject, item in items.items()}
    assert values == {"openssl": 1, "curl": 0, "tzdata": 0, "gone": 0}
    evidence = items["openssl"]["evidence"]
    assert evidence["repaired"] == "3.0.14-1~deb12u1" and evidence["installed"] == "3.0.11-1~deb12u2"
    assert "repaired" not in items["tzdata"]["evidence"]


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="there is no dpkg")
@pytest.mark.parametrize(
    ("one", "other", "is_newer"), [("1.10", "1.9", True), ("1.0~rc1", "1.0", False), ("1", "1", False)]
)
def test_versions_compare_as_debian_does(one: str, other: str, is_newer: bool) -> None:
    assert packages.newer(one, other) is is_newer


def test_a_host_without_apt_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(packages, "PATH", str(tmp_path))
    (item,) = packages.probe({"packages": {"x": {"name": "x", "any": False}}})
    assert item["problem"] == "there is no apt-cache on this host"


# --- clock ---


class TimeServer:
    """Answers SNTP as one whose clock is *ahead* by so many seconds."""

    def __init__(self, ahead: float) -> None:
        self.ahead = ahead

    def answer(self, query: bytes, *, stratum: int = 2, leap: int = 0, mark: bytes | None = None) -> bytes:
        now = time.time() + self.ahead + clock.EPOCH
        stamp = struct.pack(">II", int(now), int(now % 1 * 2**32))
        head = bytes([leap << 6 | 4 << 3 | 4, stratum, 0, 0]) + bytes(20)
        return head + (query[40:48] if mark is None else mark) + stamp + stamp


@pytest.mark.parametrize("ahead", [0.0, 42.0, -3600.0])
def test_the_offset_is_what_the_server_says(ahead: float) -> None:
    query = b"\x23" + bytes(39) + b"12345678"
    sent = time.time()
    found = clock.read_answer(TimeServer(ahead).answer(query), b"12345678", sent, time.time())
    assert found is not None and abs(found - ahead) < 0.5


def test_an_answer_that_proves_nothing_is_none() -> None:
    query, server = b"\x23" + bytes(39) + b"12345678", TimeServer(42)
    for answer in (
        b"",
        query,
        server.answer(query, stratum=16),
        server.answer(query, stratum=0),
        server.answer(query, leap=3),
        server.answer(query, mark=b"87654321"),
    ):
        assert clock.read_answer(answer, b"12345678", time.time(), time.time()) is None


def kept(monkeypatch: pytest.MonkeyPatch, said: dict[str, str], off: float | None) -> dict[str, Any]:
    monkeypatch.setattr(clock, "_said", lambda words: said.get(words[1] if words[0] == "systemctl" else words[0], ""))
    monkeypatch.setattr(clock, "offset", lambda server: off)
    entry = {"unit": "chrony.service", "servers": ["192.0.2.1"], "tolerance": 1.0}
    items = {item["name"]: item for item in clock.probe({"time": {"clock": entry}})}
    assert ("clock.offset" in items) is (off is not None)
    return items["clock.kept"]


IN_STEP = "0AD5,10.0.0.1,9,1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,16.0,Normal\n"
OUT_OF_STEP = IN_STEP.replace("Normal", "Not synchronised")
WELL = {"is-active": "active\n", "is-enabled": "enabled\n", "chronyc": IN_STEP}


@pytest.mark.parametrize(
    ("said", "off", "value"),
    [
        (WELL, 0.2, 1),
        (WELL, None, 1),
        (WELL, -1.5, 0),
        (WELL | {"is-active": "inactive\n"}, 0.0, 0),
        (WELL | {"is-enabled": "disabled\n"}, 0.0, 0),
        (WELL | {"is-enabled": "static\n"}, 0.0, 1),
        (WELL | {"chronyc": OUT_OF_STEP}, 0.0, 0),
        ({}, None, 0),
    ],
)
def test_the_clock_is_kept_if_service_and_servers_agree(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], off: float | None, value: int
) -> None:
    assert kept(monkeypatch, said, off)["value"] == value


def test_a_server_that_is_not_there_costs_no_more_than_its_patience() -> None:
    began = time.monotonic()
    assert clock.offset("192.0.2.123") is None
    assert time.monotonic() - began < 2 * clock.PATIENCE


# --- dns ---


@pytest.mark.skipif(shutil.which("getent") is None, reason="there is no getent")
def test_names_are_found_as_programs_find_them() -> None:
    entries = {"a": {"names": ["localhost"]}, "b": {"names": ["no.invalid"]}}
    items = {item["subject"]: item for item in dns.probe({"dns": entries})}
    assert items["a"]["value"] == 1 and items["a"]["evidence"]["failed"] == 0
    assert items["b"]["value"] == 0 and items["b"]["evidence"]["first"] == "no.invalid"


def test_a_resolver_that_hangs_is_a_failure_and_not_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.Popen
    monkeypatch.setattr(dns, "PATIENCE", 0.2)
    monkeypatch.setattr(dns.subprocess, "Popen", lambda words, **more: real(["sleep", "30"], **more))
    (item,) = dns.probe({"dns": {"a": {"names": ["example.net"]}}})
    assert (item["value"], item["evidence"]["error"]) == (0, "timeout")


def test_a_host_without_getent_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(dns, "PATH", str(tmp_path))
    (item,) = dns.probe({"dns": {"a": {"names": ["example.net"]}}})
    assert item["problem"] == "there is no getent on this host"
