"""A keeper holds leases for as long as work takes, and says that they are lost once others may have them, not before.

No test waits for a clock: each script says what happens at every third of the lease's time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.clock import ManualClock
from core.errors import LeaseLost, Retryable
from core.leases import Lease
from loop.keeper import LeaseKeeper
from store.store import Store

TTL = timedelta(seconds=30)
LEASE = Lease(name="incident:a", holder="w", fence=1, expires_at=datetime(2026, 1, 1, tzinfo=UTC))
WELL, HICCUP, FAULT, TAKEN = None, Retryable("the database is away"), RuntimeError("?"), LeaseLost("taken over")


class Script:
    """Leases that answer as told, and a clock that moves by a third of the lease's time before each renewal."""

    def __init__(self, *answers: Exception | None) -> None:
        self._answers: Iterator[Exception | None] = iter(answers)
        self._next: Exception | None = None
        self.now = 1000.0
        self.renewed = 0

    def monotonic(self) -> float:
        return self.now

    def pause(self, seconds: float) -> bool:
        self.now += seconds
        try:
            self._next = next(self._answers)
        except StopIteration:
            return True
        return False

    def renew(self, held: Any, ttl: timedelta) -> None:
        if self._next is not None:
            raise self._next
        self.renewed += 1

    def release_now(self, held: Any) -> None:
        """Nothing is kept."""


SCRIPTS = {
    "a long run, and one hiccup long after the first lease's time": ([*[WELL] * 10, HICCUP, WELL], False),
    "a hiccup at the very end of it": ([*[WELL] * 10, HICCUP], False),
    "two hiccups in a row": ([WELL, HICCUP, HICCUP, WELL], False),
    "away for a whole lease": ([*[WELL] * 10, HICCUP, HICCUP, HICCUP], True),
    "away for a whole lease from the start": ([HICCUP, HICCUP, HICCUP], True),
    "back too late": ([WELL, HICCUP, HICCUP, HICCUP, WELL], True),
    "an error that nobody thought of, once": ([WELL, WELL, WELL, FAULT, WELL], False),
    "an error that nobody thought of, for good": ([WELL, FAULT, FAULT, FAULT], True),
    "taken over": ([WELL, TAKEN], True),
}


@pytest.mark.parametrize(("answers", "lost"), SCRIPTS.values(), ids=SCRIPTS.keys())
def test_a_lease_is_lost_when_others_may_have_it(answers: list[Exception | None], lost: bool) -> None:
    script = Script(*answers)
    keeper = LeaseKeeper(script, LEASE, TTL, monotonic=script.monotonic, pause=script.pause)  # type: ignore[arg-type]
    keeper._renew()
    assert keeper.lost is lost
    assert script.renewed == answers.count(WELL)


def test_a_renewal_that_hangs_does_not_hide_that_the_time_is_over() -> None:
    script = Script(WELL)
    keeper = LeaseKeeper(script, LEASE, TTL, monotonic=script.monotonic, pause=script.pause)  # type: ignore[arg-type]
    script.now += TTL.total_seconds() - 1
    assert not keeper.lost
    script.now += 1
    assert keeper.lost


def test_what_was_added_is_renewed_and_all_is_given_back(store: Store, clock: ManualClock) -> None:
    with store.write() as tx:
        own, more = (store.leases.take(tx, name, "w", TTL) for name in ("incident:a", "host:demo/h1"))
    assert own is not None
    assert more is not None
    script = Script(WELL, WELL, WELL, WELL)

    def later(seconds: float) -> bool:
        clock.advance(TTL / 3)
        return script.pause(seconds)

    with LeaseKeeper(store.leases, own, TTL, monotonic=script.monotonic, pause=later) as keeper:
        keeper.add([more])
        keeper._thread.join()  # until the script is over
        assert not keeper.lost
        assert {one.name for one in store.leases.held()} == {own.name, more.name}
    assert store.leases.held() == []
