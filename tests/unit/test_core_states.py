"""The state table: complete, without dead ends, and the only place that knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.states import FIRST, LIVE, TRANSITIONS, WAITING, State, may_follow

ROOT = Path(__file__).resolve().parents[2]


def test_every_state_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(State)


def test_every_state_can_be_reached() -> None:
    reached, frontier = {FIRST}, [FIRST]
    while frontier:
        new = TRANSITIONS[frontier.pop()] - reached
        reached |= new
        frontier += new
    assert reached == set(State)


@given(st.sampled_from(sorted(LIVE)))
def test_every_live_state_leads_to_an_end(state: State) -> None:
    seen, frontier = {state}, [state]
    while frontier:
        new = TRANSITIONS[frontier.pop()] - seen
        seen |= new
        frontier += new
    assert any(one.terminal for one in seen)


def test_a_run_is_always_followed_by_verification() -> None:
    assert TRANSITIONS[State.RUNNING] == {State.VERIFYING}


@pytest.mark.parametrize("state", [State.RUNNING, State.VERIFYING])
def test_nothing_resolves_by_itself_while_something_is_done(state: State) -> None:
    assert state not in WAITING


def test_terminal_states_stay() -> None:
    assert not any(may_follow(before, after) for before in State if before.terminal for after in State)


def test_no_state_is_compared_as_text_elsewhere() -> None:
    words = "|".join(state.value for state in State if "_" in state.value or state.value.endswith("ed"))
    pattern = re.compile(rf"""(?:==|!=|\bin\b|\bis\b)\s*[(\[{{]?\s*["'](?:{words})["']""")
    rooms = (
        "api",
        "approver",
        "catalog",
        "core",
        "fleets",
        "knowledge",
        "loop",
        "monitor",
        "planner",
        "runner",
        "verifier",
    )
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        for line in path.read_text().splitlines()
        if pattern.search(line)
    ]
    assert found == []
