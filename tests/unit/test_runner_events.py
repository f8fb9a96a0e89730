"""ansible-runner's raw events, read: each case in tests/cases/runner_events.yml is an event and what it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from core.runs import HostResult
from runner.events import error_of, is_unforeseen, message_of, read_event, results_of

CASES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parents[1] / "cases" / "runner_events.yml").read_text()
)


def _ids(case: dict[str, Any]) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", CASES["happenings"], ids=_ids)
def test_what_an_event_tells(case: dict[str, Any]) -> None:
    told = [
        {key: value for key, value in happening._asdict().items() if value is not None}
        for happening in read_event(case["event"])
    ]
    assert told == case["told"]


@pytest.mark.parametrize("case", CASES["messages"], ids=_ids)
def test_why_a_task_failed(case: dict[str, Any]) -> None:
    assert message_of(case["result"]) == case["message"]


@pytest.mark.parametrize("case", CASES["skipped"], ids=_ids)
def test_what_check_mode_cannot_foresee(case: dict[str, Any]) -> None:
    assert is_unforeseen(case["event"]) is case["unforeseen"]


@pytest.mark.parametrize("case", CASES["errors"], ids=_ids)
def test_what_ansible_itself_complains_of(case: dict[str, Any]) -> None:
    assert error_of(case["event"]) == case["error"]


def test_the_final_account_counts_every_host_that_it_names() -> None:
    data = {
        "ok": {"h1": 3, "h2": 1},
        "changed": {"h1": 1},
        "failures": {"h2": 1},
        "dark": {"h3": 1},
        "skipped": {"h1": 2},
        "processed": {"h1": 1, "h2": 1, "h3": 1},
    }
    assert results_of({"event": "playbook_on_stats", "event_data": data}) == {
        "h1": HostResult(ok=3, changed=1, skipped=2),
        "h2": HostResult(ok=1, failed=1),
        "h3": HostResult(unreachable=1),
    }
    assert results_of({"event": "runner_on_ok", "event_data": data}) is None
