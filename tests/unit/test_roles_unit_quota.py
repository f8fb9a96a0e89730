"""The module unit_quota: which unit a process belongs to, what may be limited, and that lifting restores."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "roles" / "unit_quota" / "library" / "unit_quota.py"
spec = importlib.util.spec_from_file_location("unit_quota", SOURCE)
assert spec and spec.loader
quotas: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(quotas)

PROCESSES = [
    ("/srv/jobs/burn", "jobs.service"),
    ("/srv/jobs/burn more", "jobs.service"),
    ("/srv/jobs/by hand", None),
    ("/srv/both/burn", "both.service"),
    ("postgres: writer", "both.service"),
    ("/srv/log/burn", "systemd-journald.service"),
    ("", "kernel.service"),
]


@pytest.mark.parametrize(
    ("groups", "unit"),
    [
        ("0::/system.slice/web.service\n", "web.service"),
        ("0::/system.slice/system-web.slice/web@1.service\n", "web@1.service"),
        ("0::/system.slice/web.service/worker\n", "web.service"),
        ("9:name=systemd:/system.slice/web.service\n1:cpu:/\n0::/system.slice/web.service", "web.service"),
        ("1:cpu:/system.slice/web.service\n0::/\n", None),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service\n", None),
        ("0::/user.slice/user-0.slice/session-1.scope\n", None),
        ("0::/init.scope\n", None),
    ],
)
def test_the_unit_of_a_process(groups: str, unit: str | None) -> None:
    assert quotas.unit_of(groups) == unit


@pytest.mark.parametrize(
    ("text", "count"), [("200ms", 200_000), ("1s", 1_000_000), ("1min 2.5s", 62_500_000), ("infinity", None)]
)
def test_times_of_systemd(text: str, count: int | None) -> None:
    assert quotas.microseconds(text) == count


def test_assignments() -> None:
    assert quotas.assignment(200_000) == "CPUQuota=20%"
    assert quotas.assignment(None) == "CPUQuota="


def test_units_of_what_matches() -> None:
    assert quotas.units_to_limit(PROCESSES, "/srv/jobs/", ["postgres"]) == ["jobs.service"]


@pytest.mark.parametrize(
    ("match", "protected", "why"),
    [
        ("/srv/none/", [], "no process matches"),
        ("", [], "fits every process"),
        ("(", [], "no regular expression"),
        ("/srv/jobs/", ["["], "no regular expression"),
        ("by hand", [], "belongs to no service"),
        ("/srv/jobs/", ["burn"], "is protected"),
        ("/srv/both/", ["postgres"], "also runs what the inventory protects: postgres"),
        ("/srv/log/", [], "belongs to no service of systemd that may be limited"),
    ],
)
def test_what_may_not_be_limited(match: str, protected: list[str], why: str) -> None:
    with pytest.raises(quotas.Refused, match=why):
        quotas.units_to_limit(PROCESSES, match, protected)


class FakeSystemd:
    """Units and their quotas in microseconds, asked and set as by systemctl."""

    def __init__(self, **quotas_of: str) -> None:
        self.quotas = {f"{name}.service": value for name, value in quotas_of.items()}

    def __call__(self, *words: str) -> str:
        unit = words[words.index("--") + 1]
        if words[0] == "set-property":
            share = words[-1].removeprefix("CPUQuota=").removesuffix("%")
            self.quotas[unit] = f"{int(share) * 10}ms" if share else "infinity"
            return ""
        if words[1] == "--property=LoadState":
            return "loaded" if unit in self.quotas else "not-found"
        return "" if words[1] == "--property=ControlGroup" else self.quotas[unit]


def options(state: str) -> dict[str, Any]:
    return {"name": "jobs", "state": state, "match": "/srv/jobs/", "protected": [], "percent": 20}


def test_a_limit_is_set_once_and_lifted_to_what_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    systemd = FakeSystemd(jobs="500ms")
    monkeypatch.setattr(quotas, "systemctl", systemd)
    monkeypatch.setattr(quotas, "processes_here", lambda: PROCESSES)
    monkeypatch.setattr(quotas, "MEMORY", tmp_path / "quotas")
    assert quotas.lift_limits(options("lifted"), False)["changed"] is False
    assert quotas.set_limits(options("set"), True)["changed"] is True
    assert systemd.quotas == {"jobs.service": "500ms"}
    done = quotas.set_limits(options("set"), False)
    assert done == {"changed": True, "units": ["jobs.service"], "enforced": False}
    assert systemd.quotas == {"jobs.service": "200ms"}
    assert quotas.set_limits(options("set"), False)["changed"] is False
    assert quotas.lift_limits(options("lifted"), True)["changed"] is True
    assert systemd.quotas == {"jobs.service": "200ms"}
    assert quotas.lift_limits(options("lifted"), False) == {"changed": True, "units": ["jobs.service"]}
    assert systemd.quotas == {"jobs.service": "500ms"}
    assert quotas.lift_limits(options("lifted"), False)["changed"] is False


def test_a_unit_that_is_gone_has_no_limit_to_lift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    systemd = FakeSystemd(jobs="infinity")
    monkeypatch.setattr(quotas, "systemctl", systemd)
    monkeypatch.setattr(quotas, "processes_here", lambda: PROCESSES)
    monkeypatch.setattr(quotas, "MEMORY", tmp_path / "quotas")
    quotas.set_limits(options("set"), False)
    systemd.quotas.clear()
    assert quotas.lift_limits(options("lifted"), False)["changed"] is True
    assert systemd.quotas == {}
