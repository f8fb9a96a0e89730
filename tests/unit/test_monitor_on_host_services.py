"""The services probe as it runs on a host: systemd, supervisor, and managers that can't be asked."""

from __future__ import annotations

import xmlrpc.client
from pathlib import Path
from typing import Any

import pytest

from monitor.on_host import services


def by_subject(items: list[dict[str, Any]], name: str = "service.up") -> dict[str, Any]:
    assert not [item for item in items if "problem" in item]
    return {item["subject"]: item for item in items if item["name"] == name}


# --- services: systemd ---

SYSTEMCTL = """#!/bin/sh
[ "$1 $2 $4" = "show --no-pager --" ] || exit 9
shift 4
[ "$*" = "web.service db.service nope.service slow.service" ] || exit 8
printf 'ActiveState=active\\nSubState=running\\nLoadState=loaded\\nNRestarts=2\\nMainPID=41\\n\\n'
printf 'ActiveState=failed\\nSubState=failed\\nLoadState=loaded\\nNRestarts=0\\nMainPID=0\\n'
printf 'Result=signal\\nExecMainStatus=9\\n\\n'
printf 'ActiveState=inactive\\nSubState=dead\\nLoadState=not-found\\nMainPID=0\\n\\n'
printf 'ActiveState=activating\\nSubState=auto-restart\\nLoadState=loaded\\nMainPID=0\\n'
"""


def systemd(units: dict[str, str]) -> list[dict[str, Any]]:
    return services.probe({"services": {key: {"unit": unit, "backend": "systemd"} for key, unit in units.items()}})


def fake_systemctl(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    tool = folder / "systemctl"
    tool.write_text(text)
    tool.chmod(0o755)
    monkeypatch.setattr(services, "PATH", f"{folder}:/usr/bin:/bin")


def test_systemd_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_systemctl(tmp_path, monkeypatch, SYSTEMCTL)
    items = systemd({"web": "web", "db": "db.service", "nope": "nope", "slow": "slow"})
    failed = by_subject(items, "service.failed")
    assert {key: item["value"] for key, item in failed.items()} == {"web": 0, "db": 1, "nope": 0, "slow": 0}
    assert (failed["db"]["evidence"]["result"], failed["db"]["evidence"]["exit_status"]) == ("signal", 9)
    found = by_subject(items)
    assert {key: item["value"] for key, item in found.items()} == {"web": 1, "db": 0, "nope": 0, "slow": 0}
    assert found["web"]["evidence"] == {
        "state": "active (running)",
        "backend": "systemd",
        "unit": "web",
        "restarts": 2,
        "pid": 41,
    }
    assert found["nope"]["evidence"]["state"] == "not-found"


def test_systemd_that_can_not_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_systemctl(tmp_path, monkeypatch, "#!/bin/sh\necho 'System has not been booted with systemd' >&2\nexit 1\n")
    (problem,) = systemd({"web": "web"})
    assert problem["problem"] == "web: systemd can't be asked: System has not been booted with systemd"
    fake_systemctl(tmp_path, monkeypatch, "#!/bin/sh\necho ActiveState=active\n")
    assert "problem" in systemd({"web": "web", "db": "db"})[0]
    monkeypatch.setattr(services, "PATH", str(tmp_path / "nowhere"))
    assert "no systemctl" in systemd({"web": "web"})[0]["problem"]


# --- services: supervisor ---

PROGRAMS = [
    {"name": "web", "group": "web", "statename": "RUNNING", "pid": 5},
    {"name": "job_0", "group": "jobs", "statename": "RUNNING", "pid": 6},
    {"name": "job_1", "group": "jobs", "statename": "BACKOFF", "pid": 0},
    *({"name": state.lower(), "group": "s", "statename": state, "pid": 0} for state in ("FATAL", "EXITED", "STARTING")),
]


@pytest.mark.parametrize(
    ("unit", "up", "state"),
    [
        ("web", 1, "RUNNING"),
        ("web:web", 1, "RUNNING"),
        ("jobs", 0, "BACKOFF"),
        ("jobs:*", 0, "BACKOFF"),
        ("jobs:job_0", 1, "RUNNING"),
        ("job_0", 1, "RUNNING"),
        ("s:fatal", 0, "FATAL"),
        ("exited", 0, "EXITED"),
        ("starting", 0, "STARTING"),
        ("unheard", 0, "not found"),
    ],
)
def test_supervisor_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unit: str, up: int, state: str) -> None:
    config = tmp_path / "s.conf"
    config.write_text("[supervisorctl]\nserverurl = http://127.0.0.1:1 ; here\n")
    monkeypatch.setattr(services, "_ask", lambda url, user, password: PROGRAMS)
    entry = {"unit": unit, "backend": "supervisor", "config": str(config)}
    items = services.probe({"services": {"x": entry}})
    found = by_subject(items)["x"]
    assert (found["value"], found["evidence"]["state"]) == (up, state)
    assert by_subject(items, "service.failed")["x"]["value"] == (state == "FATAL")


@pytest.mark.parametrize(
    ("config", "url"),
    [
        ("[supervisorctl]\nserverurl=unix://%(here)s/s.sock", "unix://HERE/s.sock"),
        ("[unix_http_server]\nfile = %(here)s/s.sock   ; a comment", "unix://HERE/s.sock"),
        ("[unix_http_server]\nfile = s.sock", "unix://HERE/s.sock"),
        ("[inet_http_server]\nport = *:9001", "http://127.0.0.1:9001"),
        ("[inet_http_server]\nport = 10.0.0.1:9001\n[program:x]\ncommand=a %(program_name)s", "http://10.0.0.1:9001"),
    ],
)
def test_where_a_supervisor_is_reached(tmp_path: Path, config: str, url: str) -> None:
    (tmp_path / "s.conf").write_text(config)
    assert services._server(str(tmp_path / "s.conf"))[0] == url.replace("HERE", str(tmp_path))


@pytest.mark.parametrize(
    "config", [None, "[supervisord]\n", "no section", "[supervisorctl]\nserverurl=http://127.0.0.1:port"]
)
def test_a_supervisor_without_a_usable_config_is_a_problem(tmp_path: Path, config: str | None) -> None:
    if config is not None:
        (tmp_path / "s.conf").write_text(config)
    entry = {"unit": "x", "backend": "supervisor", "config": str(tmp_path / "s.conf")}
    (problem,) = services.probe({"services": {"x": entry}})
    assert problem["problem"].startswith("x: supervisor can't be asked: ")


def test_a_supervisor_that_is_not_running_means_that_its_services_are_down(tmp_path: Path) -> None:
    (tmp_path / "s.conf").write_text("[supervisorctl]\nserverurl=unix://%(here)s/s.sock")
    entry = {"unit": "x", "backend": "supervisor", "config": str(tmp_path / "s.conf")}
    found = by_subject(services.probe({"services": {"x": entry, "y": entry}}))
    assert [found[key]["value"] for key in "xy"] == [0, 0]
    assert found["x"]["evidence"]["state"] == "supervisor is down"


def test_an_answer_of_supervisor_that_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fault(*_: Any) -> Any:
        raise services.Unanswered(str(xmlrpc.client.Fault(6, "SHUTDOWN_STATE")))

    (tmp_path / "s.conf").write_text("[supervisorctl]\nserverurl=unix://%(here)s/s.sock")
    monkeypatch.setattr(services, "_ask", fault)
    entry = {"unit": "x", "backend": "supervisor", "config": str(tmp_path / "s.conf")}
    assert "SHUTDOWN_STATE" in services.probe({"services": {"x": entry}})[0]["problem"]
