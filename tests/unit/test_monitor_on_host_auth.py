"""The auth probe: whose failures are counted, and that nobody can log in under a name that points at somebody else."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.on_host import auth

VICTIM = "192.0.2.10 port 22 ssh2"
LINES = {
    "Failed password for root from 203.0.113.6 port 4001 ssh2": 1,
    "Failed password for invalid user admin from 203.0.113.6 port 4001 ssh2": 1,
    "Failed keyboard-interactive/pam for root from 203.0.113.6 port 4001 ssh2": 1,
    "message repeated 3 times: [ Failed password for root from 203.0.113.6 port 4001 ssh2]": 3,
    "Invalid user admin from 203.0.113.6 port 4001": 1,
    "Connection closed by invalid user admin 203.0.113.6 port 4001 [preauth]": 1,
    "Connection reset by authenticating user root 203.0.113.6 port 4001 [preauth]": 1,
    "Disconnected from authenticating user root 203.0.113.6 port 4001 [preauth]": 1,
    "error: maximum authentication attempts exceeded for root from 203.0.113.6 port 4001 ssh2 [preauth]": 1,
    f"Failed password for invalid user x from {VICTIM} from 203.0.113.6 port 4001 ssh2": 1,
    f"Invalid user x from {VICTIM} from 203.0.113.6 port 4001": 1,
    "Connection closed by invalid user x 192.0.2.10 port 22 [preauth] 203.0.113.6 port 4001 [preauth]": 1,
}
HARMLESS = [
    "Accepted publickey for ansible from 203.0.113.6 port 4001 ssh2: ED25519 SHA256:abc",
    "Failed publickey for ansible from 203.0.113.6 port 4001 ssh2: ED25519 SHA256:abc",
    "Connection closed by 203.0.113.6 port 4001 [preauth]",
    "Failed password for root from 203.0.113.6 port 4001 ssh2 and more",
    "Failed password for root from somewhere port 4001 ssh2",
    "pam_unix(sshd:auth): authentication failure; rhost=203.0.113.6",
    "",
]


@pytest.mark.parametrize(("line", "failures"), LINES.items())
def test_an_attempt_is_counted_for_whom_it_came_from(line: str, failures: int) -> None:
    sources = auth.count([line])
    assert list(sources) == ["203.0.113.6"]
    assert sources["203.0.113.6"].failures == failures


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_no_failure_is_not_counted(line: str) -> None:
    assert sum(source.failures for source in auth.count([line]).values()) == 0


@given(st.text(alphabet=st.characters(exclude_characters="\n\r"), max_size=60))
def test_no_name_points_at_somebody_else(name: str) -> None:
    lines = [
        f"Failed password for invalid user {name} from 203.0.113.6 port 4001 ssh2",
        f"Invalid user {name} from 203.0.113.6 port 4001",
        f"Connection closed by invalid user {name} 203.0.113.6 port 4001 [preauth]",
    ]
    assert auth.count(lines).keys() <= {"203.0.113.6"}


def test_an_attempt_that_logs_several_lines_counts_once() -> None:
    lines = [
        "Invalid user a from 203.0.113.6 port 4001",
        "Failed password for invalid user a from 203.0.113.6 port 4001 ssh2",
        "Connection closed by invalid user a 203.0.113.6 port 4001 [preauth]",
        "Invalid user a from 203.0.113.6 port 4002",
        "Accepted password for a from 203.0.113.6 port 4003 ssh2",
        "Failed password for a from ::ffff:203.0.113.6 port 4003 ssh2",
    ]
    source = auth.count(lines)["203.0.113.6"]
    assert (source.failures, len(source.ports), source.accepted) == (3, 3, 1)


def measured(path: Path, window: float = 120) -> dict[str, Any]:
    items = auth.probe({"auth": {"ssh": {"window": window, "log": str(path)}}})
    return {item.get("subject", "problem"): item for item in items}


def test_only_lines_of_sshd_within_the_window_count(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    now = time.strftime("%b %e %H:%M:%S")
    earlier = time.strftime("%b %e %H:%M:%S", time.localtime(time.time() - 600))
    old = time.strftime("%b %e %H:%M:%S", time.localtime(time.time() - 4000))
    failed = "Failed password for root from 203.0.113.{} port 1 ssh2"
    log.write_text(
        f"{old} web1 sshd[7]: {failed.format(0)}\n"
        f"{earlier} web1 sshd[7]: {failed.format(1)}\n"
        f"{now} web1 sshd[7]: {failed.format(2)}\n"
        f"{datetime.now(UTC).isoformat()} web1 sshd-session[7]: {failed.format(3)}\n"
        f"{now} web1 other[7]: {failed.format(4)}\n"
        f"{now} web1 other: sshd[7]: {failed.format(5)}\n"
    )
    items = measured(log)
    assert items.keys() == {"", "203.0.113.1", "203.0.113.2", "203.0.113.3"}
    assert items[""]["value"] == 2
    assert items["203.0.113.1"]["value"] == 0, "it has stopped, and that can be seen"
    facts = {"address": "203.0.113.2", "connections": 1, "accepted": 0, "window": 120}
    assert items["203.0.113.2"]["evidence"] == facts


def test_it_speaks_while_all_is_well_and_says_what_it_cant_read(tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    assert measured(tmp_path / "empty.log")[""]["value"] == 0
    assert "No such file" in measured(tmp_path / "gone.log")["problem"]["problem"]


def test_a_stamp_of_last_december_is_of_last_year() -> None:
    january = time.mktime((2026, 1, 1, 0, 5, 0, 0, 1, -1))
    assert january - auth.moment("Dec 31 23:59:00", january) == 360
    assert auth.moment("2026-01-01T01:05:00.5+01:00", january) == 1767225900
