"""Posts that wait together share a transaction; each gets its own answer, and one's fault is not another's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from itertools import chain

import pytest

from core.clock import ManualClock
from core.detections import Detection
from core.errors import Retryable
from loop.group_commit import LARGEST_GROUP, GroupCommit
from store.detections import Accepted
from tests.stores import detection


class Books:
    """Stores in memory. `go` holds the first transaction up, until the test lets it go."""

    def __init__(self) -> None:
        self.transactions: list[list[str]] = []
        self.go = threading.Event()
        self.fails: Exception | None = None

    def store(self, found: Sequence[Detection]) -> list[Accepted]:
        assert self.go.wait(60)
        if self.fails is not None and any(one.subject == "bad" for one in found):
            raise self.fails
        self.transactions.append([one.subject for one in found])
        return [Accepted(one, f"inc-{one.subject}", opened=True) for one in found]


async def submitted(books: Books, clock: ManualClock, posts: Sequence[Sequence[str]]) -> list[object]:
    """Submit each post as a task of its own, all while the first one is being stored."""
    group = GroupCommit(books.store)
    tasks = []
    for subjects in posts:
        found = [detection(clock, subject=subject) for subject in subjects]
        tasks.append(asyncio.create_task(group.submit(found)))
        await asyncio.sleep(0)
    books.go.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    return [[one.incident_id for one in answer] if isinstance(answer, list) else answer for answer in answers]


def test_what_waits_together_is_stored_together(clock: ManualClock) -> None:
    books = Books()
    answers = asyncio.run(submitted(books, clock, [["a"], ["b", "c"], ["d"]]))
    assert answers == [["inc-a"], ["inc-b", "inc-c"], ["inc-d"]]
    assert sorted(chain(*books.transactions)) == ["a", "b", "c", "d"]
    assert len(books.transactions) == 2


def test_one_bad_post_fails_alone(clock: ManualClock) -> None:
    books = Books()
    books.fails = ValueError("no")
    answers = asyncio.run(submitted(books, clock, [["a"], ["b"], ["bad", "x"], ["c"]]))
    assert [answers[0], answers[1], answers[3]] == [["inc-a"], ["inc-b"], ["inc-c"]]
    assert isinstance(answers[2], ValueError)
    assert "x" not in chain(*books.transactions), "a batch is stored whole or not at all"


def test_what_can_be_tried_again_is_said_to_all(clock: ManualClock) -> None:
    books = Books()
    books.fails = Retryable("full")
    answers = asyncio.run(submitted(books, clock, [["a"], ["b"], ["bad"]]))
    assert answers[0] == ["inc-a"]
    assert [type(answer) for answer in answers[1:]] == [Retryable, Retryable]


@pytest.mark.parametrize("size", [LARGEST_GROUP // 2 + 1, LARGEST_GROUP + 1])
def test_a_group_is_bounded(clock: ManualClock, size: int) -> None:
    books = Books()
    posts = [["first"], *([f"{post}-{number}" for number in range(size)] for post in range(3))]
    asyncio.run(submitted(books, clock, posts))
    assert [len(one) for one in books.transactions] == [1, size, size, size]


def test_whoever_goes_away_stops_nobody(clock: ManualClock) -> None:
    books = Books()

    async def one_leaves() -> list[Accepted]:
        group = GroupCommit(books.store)
        first = asyncio.create_task(group.submit([detection(clock, subject="first")]))
        await asyncio.sleep(0)
        leaving = asyncio.create_task(group.submit([detection(clock, subject="leaving")]))
        staying = asyncio.create_task(group.submit([detection(clock, subject="staying")]))
        await asyncio.sleep(0)
        leaving.cancel()
        books.go.set()
        await first
        return await staying

    [accepted] = asyncio.run(one_leaves())
    assert accepted.incident_id == "inc-staying"
    assert "leaving" in books.transactions[1], "it had been submitted, so it is stored"
