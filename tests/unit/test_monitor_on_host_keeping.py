"""The probes that look after logs, mounts, certificates and backups, fed with what they read."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from monitor.on_host import backups, certificates, logs, mounts

DAY = 86400


# --- logs ---


def printed(unit: str | None, at: float) -> str:
    entry = {"__REALTIME_TIMESTAMP": str(int(at * 1_000_000)), "_SYSTEMD_UNIT": unit}
    return json.dumps({key: value for key, value in entry.items() if value is not None})


def test_lines_are_counted_by_unit_over_the_window() -> None:
    output = "\n".join(
        [
            printed("a.service", 990),
            printed("b.service", 995),
            printed("a.service", 999),
            printed(None, 999),
            "{",
            "[1]",
            "",
        ]
    )
    assert logs.counted(output, 1000.0) == ({"a.service": 2, "b.service": 1}, logs.WINDOW)


def test_a_flood_that_fills_what_is_read_is_counted_over_the_time_that_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LINES", 10)
    lines, seconds = logs.counted("\n".join(printed("a.service", 995 + number / 2) for number in range(10)), 1000.0)
    assert (lines["a.service"], seconds) == (10, 5.0)


def journalctl(tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "journalctl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(logs, "PATH", f"{tmp_path}:/usr/bin:/bin")


def test_the_rate_is_a_share_of_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = printed("web.service", time.time() - 5)
    journalctl(tmp_path, f"for n in $(seq 60); do echo '{line}'; done", monkeypatch)
    arguments = {"logs": {"web": {"unit": "web", "limit": 4.0}, "quiet": {"unit": "quiet.service", "limit": 4.0}}}
    web, quiet = logs.probe(arguments)
    assert (web["name"], web["subject"], web["value"]) == ("log.rate", "web", 0.5)
    assert web["evidence"] == {"log": "web", "unit": "web.service", "lines_per_second": 2.0, "limit": 4.0}
    assert quiet["value"] == 0


@pytest.mark.parametrize(
    "script", ["echo 'Hint: You are currently not seeing messages from other users' >&2", "echo no >&2; exit 1"]
)
def test_a_journal_that_can_not_be_read_is_no_quiet_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    journalctl(tmp_path, script, monkeypatch)
    (item,) = logs.probe({"logs": {"web": {"unit": "web", "limit": 1.0}}})
    assert "can't be read" in item["problem"]


# --- mounts ---

MOUNTINFO = r"""21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 21 7:0 / /srv/data rw,noatime - ext4 /dev/loop0 ro,errors=remount-ro
31 21 7:1 / /srv/my\040data ro,noatime shared:5 - xfs /dev/loop1 rw
32 21 0:40 / /srv/twice ro - tmpfs none ro
33 21 0:41 / /srv/twice rw - tmpfs none rw
broken
"""


def test_a_mount_is_read_only_if_it_or_its_file_system_is_and_the_last_one_counts() -> None:
    assert mounts.mounted(MOUNTINFO) == {
        "/": ("ext4", False),
        "/srv/data": ("ext4", True),
        "/srv/my data": ("xfs", True),
        "/srv/twice": ("tmpfs", False),
    }


def test_a_missing_mount_is_not_said_to_be_read_only() -> None:
    root, gone = mounts.probe({"mounts": {"root": {"path": "/", "read_only": True}}})
    assert (root["name"], root["value"], gone["name"], gone["value"]) == ("mount.present", 1, "mount.writable", 1)
    present, writable = mounts.probe({"mounts": {"x": {"path": "/nowhere/", "read_only": False}}})
    assert (present["value"], writable["value"]) == (0, 1) and present["evidence"]["path"] == "/nowhere"


# --- certificates ---


def issue(folder: Path, days: int, *, form: str = "PEM") -> Path:
    key, path = folder / "key", folder / "crt"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=test"
    subprocess.run(
        [*make.split(), "-days", str(days), "-keyout", key, "-outform", form, "-out", path],
        check=True,
        capture_output=True,
    )
    return path


@pytest.mark.parametrize(("days", "form"), [(3, "PEM"), (90, "DER"), (15_000, "PEM")])
def test_how_long_a_certificate_lasts_is_read_from_the_file(tmp_path: Path, days: int, form: str) -> None:
    path = issue(tmp_path, days, form=form)
    (item,) = certificates.probe({"certificates": {"web": {"path": str(path)}}})
    assert item["name"] == "certificate.days" and days - 0.01 < item["value"] <= days


def test_the_first_certificate_of_a_chain_counts(tmp_path: Path) -> None:
    first = issue(tmp_path, 3).read_bytes()
    chain = b"some words\n" + first + issue(tmp_path, 900).read_bytes()
    assert certificates.valid_until(chain) == certificates.valid_until(first) < time.time() + 4 * DAY


@pytest.mark.parametrize("content", [b"", b"no certificate", b"0\x82", b"\x30\x03\x02\x01\x05", os.urandom(300)])
def test_what_is_no_certificate_is_a_problem(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "crt").write_bytes(content)
    (item,) = certificates.probe({"certificates": {"web": {"path": str(tmp_path / "crt")}}})
    assert "holds no certificate" in item["problem"]
    (gone,) = certificates.probe({"certificates": {"web": {"path": str(tmp_path / "none")}}})
    assert "can't be read" in gone["problem"]


# --- backups ---


@pytest.mark.parametrize(
    "text", ["2001-09-09T01:46:40.123456789Z", "2001-09-09T03:46:40.1+02:00", "2001-09-08T20:16:40-05:30"]
)
def test_times_of_restic(text: str) -> None:
    assert backups.seconds_of(text) == 1_000_000_000


def test_the_newest_snapshot_counts_and_none_is_very_old() -> None:
    known = [{"time": "2001-09-09T01:46:40Z"}, {"time": "2001-09-08T01:46:40Z"}]
    item = backups.sample("orders", 2 * DAY, known, 1_000_000_000 + DAY)
    assert (item["name"], item["subject"], item["value"]) == ("backup.age", "orders", 0.5)
    assert item["evidence"] == {"backup": "orders", "snapshots": 2, "max_age_hours": 48.0, "age_hours": 24.0}
    assert backups.sample("orders", DAY, [], 0)["value"] == backups.NEVER


RESTIC = """#!/bin/sh
case "$RESTIC_REPOSITORY" in
  /good) echo '[{"time": "2001-09-09T01:46:40Z"}]' ;;
  /odd) echo '{"time": 1}' ;;
  /slow) exec sleep 60 ;;
  *) echo "Fatal: wrong password" >&2; exit 1 ;;
esac
"""


def test_each_repository_answers_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "restic").write_text(RESTIC)
    (tmp_path / "restic").chmod(0o755)
    monkeypatch.setattr(backups, "PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(backups, "PATIENCE", 1.0)
    entry: dict[str, Any] = {"password_file": "/p", "tag": "t", "max_age": DAY}
    asked = {name: entry | {"repository": f"/{name}"} for name in ("good", "odd", "slow", "bad")}
    good, odd, slow, bad = backups.probe({"backups": asked})
    assert good["value"] > 1 and good["evidence"]["snapshots"] == 1
    assert (
        "can't be read" in odd["problem"] and "did not answer" in slow["problem"] and "wrong password" in bad["problem"]
    )
