"""`fleetmend db`, `backup` and `restore`, as somebody at a terminal sees them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from core.clock import SystemClock
from store.store import open_store
from tests.cli_runs import Cli
from tests.old_store import lay_out
from tests.stores import detection


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    for name in ("FLEETMEND_DATABASE_URL", "FLEETMEND_URL", "FLEETMEND_STATE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "content").mkdir()
    monkeypatch.setenv("FLEETMEND_CONTENT", str(tmp_path / "content"))
    monkeypatch.setenv("FLEETMEND_STATE", str(tmp_path / "state"))
    return Cli(capsys)


def test_an_old_database_is_brought_up_to_date(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    lay_out(tmp_path / "state")
    found = cli("db", "check", "--json")
    assert (found.code, found.json["current"], found.json["problems"]) == (1, "0001", [])
    assert found.json["pending"][-1] == found.json["newest"]
    assert f"{found.json['newest']}" in cli.ok("db", "upgrade")
    assert "up to date" in cli.ok("db", "upgrade")
    assert "nothing" in cli.ok("db")


def test_without_a_database_it_says_what_makes_one(cli: Cli, tmp_path: Path) -> None:
    found = cli("db", "check")
    assert found.code == 2
    assert "db upgrade" in found.err
    assert not (tmp_path / "state" / "fleetmend.db").exists()
    assert "applied 0001" in cli.ok("db", "upgrade")
    assert cli("db", "check").code == 0


def test_a_torn_row_is_a_problem(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    lay_out(tmp_path / "state")
    cli.ok("db", "upgrade")
    with sqlite3.connect(tmp_path / "state" / "fleetmend.db") as raw:
        raw.execute("DELETE FROM plans")
    found = cli("db", "check")
    assert found.code == 1
    assert "refers to one of plans that is gone" in found.out


def test_a_file_that_is_no_database(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "fleetmend.db").write_bytes(b"no database at all" * 100)
    found = cli("db", "check")
    assert found.code == 75
    assert "not a database" in found.err


def test_there_and_back(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state, kept, clock = tmp_path / "state", tmp_path / "kept.tar.gz", SystemClock()
    state.mkdir()
    store = open_store(f"sqlite:///{state / 'fleetmend.db'}", state, clock)
    with store.write() as tx:
        store.detections.accept(tx, [detection(clock)], {})
    assert "backed up" in cli.ok("backup", str(kept))
    store.close()
    again = cli("restore", str(kept))
    assert (again.code, "--force" in again.err) == (5, True)
    assert "1 incidents" in cli.ok("restore", str(kept), "--force")
    [aside] = state.glob("before-restore-*")
    assert (aside / "fleetmend.db").exists()
    assert cli("db", "check").code == 0


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_only_the_embedded_store(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("FLEETMEND_DATABASE_URL", "postgresql+psycopg://nowhere/x")
    found = cli(command, str(tmp_path / "kept.tar.gz"))
    assert found.code == 2
    assert "pg_dump" in found.err
