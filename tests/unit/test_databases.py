"""The probe of databases and the module that ends sessions, against a psql that answers what it is told."""

from __future__ import annotations

import getpass
import importlib.util
from pathlib import Path
from typing import Any

import pytest

from monitor.on_host import databases

SOURCE = Path(__file__).resolve().parents[2] / "roles" / "database_sessions_end" / "library" / "postgres_sessions.py"
spec = importlib.util.spec_from_file_location("postgres_sessions", SOURCE)
assert spec and spec.loader
sessions: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sessions)

ENTRY = {"user": getpass.getuser(), "socket": "/run/pg", "port": 5433, "idle_after": "2m"}


def fake_psql(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    tool = folder / "psql"
    tool.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{folder}/words\ncat >{folder}/asked\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setattr(databases, "PATH", f"{folder}:/usr/bin:/bin")


def probe() -> list[dict[str, Any]]:
    return databases.probe({"databases": {"main": ENTRY}})


def test_connections_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_psql(tmp_path, monkeypatch, "echo '15 17 3 400'")
    connections, idle = probe()
    assert connections["value"] == pytest.approx(15 / 17)
    assert connections["evidence"] == {"used": 15, "limit": 17, "idle": 3, "oldest_seconds": 400}
    assert (idle["name"], idle["subject"], idle["value"]) == ("database.idle", "main", 3)
    words = (tmp_path / "words").read_text().split("\n")
    assert "age=120" in words and "/run/pg" in words and "5433" in words
    assert "pg_stat_activity" in (tmp_path / "asked").read_text()


def test_a_server_that_lets_nobody_in_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_psql(tmp_path, monkeypatch, "echo 'psql: error: FATAL:  sorry, too many clients already' >&2; exit 2")
    assert probe()[0]["value"] == 1.0


def test_a_server_that_can_not_be_asked_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_psql(tmp_path, monkeypatch, "echo 'psql: error: connection to server failed: No such file' >&2; exit 2")
    assert probe() == [{"problem": "main: psql: error: connection to server failed: No such file"}]
    monkeypatch.setitem(ENTRY, "user", "nobody-at-all")
    assert "no user nobody-at-all" in probe()[0]["problem"]


@pytest.mark.parametrize(("age", "count"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400), ("1w", 604800)])
def test_ages(age: str, count: int) -> None:
    assert databases.seconds(age) == sessions.seconds(age) == count


@pytest.mark.parametrize("age", ["", "10", "m", "0m", "10 m", "1y", "10m; DROP"])
def test_no_ages(age: str) -> None:
    with pytest.raises(sessions.Refused, match="idle_after"):
        sessions.seconds(age)


class FakeServer:
    """Sessions by pid; ends those that it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stubborn: bool = False) -> None:
        self.left, self.stubborn, self.asked = [41, 42], stubborn, list[dict[str, str]]()
        monkeypatch.setattr(sessions, "ask", self)

    def __call__(self, _options: Any, query: str, **variables: Any) -> str:
        self.asked.append(variables)
        if query == sessions.LIST:
            return "".join(f"{pid}|shop@shop|{pid}0\n" for pid in self.left)
        if query == sessions.END:
            ended = "".join(f"{pid}|t\n" for pid in self.left)
            self.left = self.left if self.stubborn else []
            return ended
        assert (query, variables["pids"]) == (sessions.LEFT, "41,42")
        return f"{len(self.left)}\n"


OPTIONS = {"user": "postgres", "socket": "/s", "port": 1, "idle_after": "5m", "keep": ["reporting", "backup"]}


def test_sessions_are_ended_once(monkeypatch: pytest.MonkeyPatch) -> None:
    server = FakeServer(monkeypatch)
    assert sessions.end_sessions(OPTIONS, True)["changed"] is True
    assert server.left == [41, 42]
    done = sessions.end_sessions(OPTIONS, False)
    assert done == {"changed": True, "ended": ["shop@shop, idle for 410 s", "shop@shop, idle for 420 s"]}
    assert server.asked[0] == {"age": 300, "keep": "reporting,backup"}
    assert sessions.end_sessions(OPTIONS, False) == {"changed": False, "ended": []}


def test_sessions_that_stay_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeServer(monkeypatch, stubborn=True)
    monkeypatch.setattr(sessions, "GONE", 0.0)
    with pytest.raises(sessions.Refused, match="still there"):
        sessions.end_sessions(OPTIONS, False)


def test_names_that_are_no_names_are_refused() -> None:
    with pytest.raises(sessions.Refused, match="plain names"):
        sessions.end_sessions(OPTIONS | {"keep": ["a,b"]}, True)


def test_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    words = sessions.psql_command(OPTIONS | {"user": getpass.getuser()}, {"age": 5})
    assert words[0] == "psql" and "age=5" in words
    with pytest.raises(sessions.Refused, match="no user"):
        sessions.psql_command(OPTIONS | {"user": "nobody-at-all"}, {})
    monkeypatch.setattr(sessions.os, "geteuid", lambda: 65000)
    with pytest.raises(sessions.Refused, match="only root"):
        sessions.psql_command(OPTIONS | {"user": "root"}, {})
