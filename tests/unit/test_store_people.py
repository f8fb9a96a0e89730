"""People in the store: what is asked at the same time by several, on both engines."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.errors import Conflict
from core.people import Grant, Role
from store.attempts import WINDOW
from store.store import Store


def at_once(calls: Sequence[Callable[[], None]]) -> None:
    start = threading.Barrier(len(calls))

    def go(call: Callable[[], None]) -> None:
        start.wait()
        call()

    threads = [threading.Thread(target=go, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_attempts_at_the_same_time_are_counted_one_by_one(store: Store) -> None:
    answers: Counter[bool] = Counter()
    lock = threading.Lock()

    def attempt() -> None:
        wait = store.attempts.take({"account": 5, "address": 100})
        with lock:
            answers[wait is None] += 1

    at_once([attempt] * 12)
    assert answers == {True: 5, False: 7}


def test_attempts_count_for_their_time(store: Store, clock: ManualClock) -> None:
    assert store.attempts.take({"a": 1}) is None
    clock.advance(timedelta(minutes=5))
    assert store.attempts.take({"a": 1, "b": 9}) == WINDOW - timedelta(minutes=5)
    assert store.attempts.take({"b": 1}) is None, "what was refused has not been counted"
    store.attempts.forget("a", ["b"])
    assert store.attempts.take({"a": 1, "b": 1}) is None
    clock.advance(WINDOW)
    assert store.attempts.take({"a": 1, "b": 1}) is None


def test_a_name_is_given_once_whoever_asks_at_the_same_time(store: Store) -> None:
    answers: Counter[str] = Counter()
    lock = threading.Lock()

    def add() -> None:
        try:
            store.people.add("ann", "test", [Grant(role=Role.VIEWER, fleet="demo")])
        except Conflict:
            answer = "taken"
        else:
            answer = "added"
        with lock:
            answers[answer] += 1

    at_once([add] * 6)
    assert answers == {"added": 1, "taken": 5}
    assert store.people.get("ann").grants == (Grant(role=Role.VIEWER, fleet="demo"),)
    assert store.proof().violation is None


def test_a_slack_user_is_one_person(store: Store) -> None:
    for name in ("ann", "bob"):
        store.people.add(name, "test", [Grant(role=Role.APPROVER, fleet="demo")])
    store.people.link("ann", "slack", "U012AB3CD", "test")
    with pytest.raises(Conflict, match="linked to somebody else"):
        store.people.link("bob", "slack", "U012AB3CD", "test")
    store.people.link("ann", "slack", "U0NEW", "test")
    assert store.people.access_of_slack("U012AB3CD") is None
    found = store.people.access_of_slack("U0NEW")
    assert found is not None
    assert (found.person, found.via, found.grants) == ("ann", "slack:U0NEW", store.people.get("ann").grants)
