"""The messenger's thread: it tells by itself, outlives whatever happens to it, and ends when it is told to."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.errors import Retryable
from loop.messenger import Messenger
from loop.postman import Postman
from tests.slack_house import open_slack

SAFELY = 20.0


class Rounds(Messenger):
    """A messenger whose rounds go as they are told."""

    def __init__(self, outcomes: list[Exception | None]) -> None:
        self.outcomes, self.done, self.left = outcomes, threading.Event(), False

    @property
    def idle(self) -> bool:
        return False

    def look(self) -> int:
        if not self.outcomes:
            self.done.set()
            return 0
        outcome = self.outcomes.pop(0)
        if outcome is not None:
            raise outcome
        return 1

    def leave(self) -> None:
        self.left = True


def test_whatever_happens_in_a_round_the_next_one_comes(caplog: pytest.LogCaptureFixture) -> None:
    rounds = Rounds([Retryable("the database is away"), RuntimeError("a fault"), None])
    with Postman(rounds) as postman:
        while not rounds.done.wait(0.01):
            postman.wake()
    assert rounds.left
    assert [record.levelname for record in caplog.records].count("ERROR") <= 1


def test_it_tells_by_itself_what_is_new(tmp_path: Path) -> None:
    with open_slack(tmp_path) as at:
        came = threading.Event()
        answer = at.slack.answer

        def and_say_so(method: str, body: dict[str, object]) -> dict[str, object]:
            came.set()
            return answer(method, body)

        at.slack.answer = and_say_so  # type: ignore[method-assign]
        with Postman(at.house.loop.messenger) as postman:
            at.house.loop.engine.advance(at.house.report().id)
            postman.wake()
            assert came.wait(SAFELY)
        assert at.slack.heads()
        assert at.house.loop.context.store.leases.held() == []


def test_without_anybody_to_tell_there_is_no_thread(tmp_path: Path) -> None:
    with open_slack(tmp_path, settings={"slack_token": None}) as at:
        before = threading.active_count()
        with Postman(at.house.loop.messenger):
            assert threading.active_count() == before
