"""The record of a run: what is told, what is masked, and how the end is judged."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import ManualClock
from core.fleets import Fleet, FleetFile
from core.runs import RunEvent, RunStatus
from runner.launch import End, Ending
from runner.record import Record
from runner.words import DETAIL, LINE, redactor_of

MINUTE = timedelta(minutes=1)
EXITED = Ending(End.EXITED, 0)


def fleet(*secrets: str) -> Fleet:
    return Fleet(
        name="lab", folder=Path("lab"), file=FleetFile(), hosts=(), policy_digest="p", secrets=frozenset(secrets)
    )


class Told:
    """A record, and what it told."""

    def __init__(self, *secrets: str) -> None:
        self.events: list[RunEvent] = []
        self.record = Record("run-1", redactor_of(fleet(*secrets)), ManualClock(), self.events.append)

    def feed(self, event: str, **data: Any) -> Told:
        self.record({"event": event, "event_data": data})
        return self

    def stats(self, **counts: dict[str, int]) -> Told:
        hosts = {host: 1 for count in counts.values() for host in count}
        return self.feed("playbook_on_stats", processed=hosts, **counts)


def test_all_hosts_good_is_the_only_success() -> None:
    told = Told().stats(ok={"h1": 1, "h2": 1})
    assert told.record.result(["h1", "h2"], EXITED, MINUTE).status is RunStatus.SUCCESSFUL


@pytest.mark.parametrize(
    ("counts", "ending", "problem"),
    [
        ({"ok": {"h1": 1}}, EXITED, "h2: Ansible did not run there; check that the inventory still has it"),
        ({"ok": {"h1": 1, "h2": 1, "h3": 1}}, EXITED, "h3: Ansible acted there though it is no host of this step"),
        ({"ok": {"h1": 1}, "failures": {"h2": 1}}, Ending(End.EXITED, 2), "h2: failed"),
        ({"dark": {"h1": 1, "h2": 1}}, Ending(End.EXITED, 4), "h1: failed (and 1 more hosts)"),
        ({"ok": {"h1": 1, "h2": 1}}, Ending(End.EXITED, 1), "ansible-playbook ended with exit status 1"),
    ],
)
def test_anything_else_is_a_failure(counts: dict[str, dict[str, int]], ending: Ending, problem: str) -> None:
    result = Told().stats(**counts).record.result(["h1", "h2"], ending, MINUTE)
    assert (result.status, result.problem) == (RunStatus.FAILED, problem)


def test_no_account_is_a_failure_even_if_ansible_was_content() -> None:
    result = Told().record.result(["h1"], EXITED, MINUTE)
    assert result.status is RunStatus.FAILED
    assert result.problem == "Ansible gave no account of what it did (exit status 0)"


def test_a_run_that_was_ended_counts_what_was_seen_so_far() -> None:
    told = Told().feed("playbook_on_task_start", task="Make")
    told.feed("runner_on_ok", host="h1", task="Make", res={"changed": True})
    result = told.record.result(["h1", "h2"], Ending(End.TIMEOUT, None), MINUTE)
    assert result.status is RunStatus.TIMEOUT
    assert result.problem == "it was ended at its time limit of 1m, during the task Make"
    assert (result.results["h1"].ok, result.results["h1"].changed) == (1, 1)
    cancelled = told.record.result(["h1", "h2"], Ending(End.CANCELLED, None), MINUTE)
    assert (cancelled.status, cancelled.problem) == (RunStatus.CANCELLED, "it was cancelled, during the task Make")


def test_a_rescued_failure_is_no_problem() -> None:
    told = Told().feed("runner_on_failed", host="h1", task="Try", res={"msg": "no"})
    told.feed("runner_on_ok", host="h1", task="Rescue", res={}).stats(ok={"h1": 1})
    assert told.record.result(["h1"], EXITED, MINUTE).status is RunStatus.SUCCESSFUL


def test_what_is_long_is_cut_and_what_is_short_is_not() -> None:
    told = Told()
    told.feed("runner_on_failed", host="h1", task="Try", res={"msg": "word " * 10_000})
    told.feed("runner_on_ok", host="h1", task="Say", task_action="debug", res={"msg": "line\n" * 10_000})
    failed, said, _ = told.events
    assert failed.detail is not None and len(failed.detail) == LINE and "\n" not in failed.detail
    assert said.detail is not None and len(said.detail) == DETAIL and "\n" in said.detail


SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=6, max_size=30).filter(
    lambda text: text.strip() == text and len(set(text)) > 3 and not set(text) & set("«redacted»")
)


@given(secret=SECRETS, before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_secret_is_never_told_whatever_it_stands_in(secret: str, before: str, after: str) -> None:
    text = f"{before} {secret} {after}"
    told = Told(secret)
    told.feed("runner_on_failed", host="h1", task=f"Try {secret}", res={"msg": text})
    told.feed("runner_on_unreachable", host="h1", task="Try", res={"msg": text})
    told.feed("runner_on_ok", host="h1", task="Say", task_action="debug", res={"msg": text})
    told.feed("runner_on_ok", host="h1", task="Say", task_action="debug", res={"x": [{"deep": text}]})
    told.feed(
        "runner_on_ok", host="h1", task="Make", res={"changed": True, "diff": {"before": "old\n", "after": f"{text}\n"}}
    )
    told.feed(
        "runner_on_ok",
        host="h1",
        task="Make",
        res={"changed": True, "diff": {"before": {"k": 1}, "after": {"k": text}}},
    )
    told.feed("runner_on_ok", host="h1", task="Make", res={"changed": True, "diff": {"prepared": f"+{text}"}})
    told.stats(failures={"h1": 1})
    result = told.record.result(["h1"], Ending(End.EXITED, 2), MINUTE)
    for seen in (*(event.detail for event in told.events), *(event.task for event in told.events), result.problem):
        assert secret not in (seen or "")


def test_a_key_of_many_lines_is_masked_line_by_line_in_a_diff() -> None:
    lines = [f"{letter * 40}" for letter in "abc"]
    secret = "\n".join(lines)
    told = Told(secret)
    told.feed(
        "runner_on_ok",
        host="h1",
        task="Make",
        res={"changed": True, "diff": {"prepared": "".join(f"+{line}\n" for line in lines)}},
    )
    assert not any(line in (told.events[0].detail or "") for line in lines)


def test_a_diff_in_a_secret_alone_says_so() -> None:
    told = Told("first-secret", "other-secret")
    told.feed(
        "runner_on_ok",
        host="h1",
        task="M",
        res={"changed": True, "diff": {"before": "first-secret\n", "after": "other-secret\n"}},
    )
    assert told.events[0].detail == "(the only difference lies in a secret, which is not shown)\n"
