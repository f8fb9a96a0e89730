"""Host leases: one worker for itself, or any number of readers; never both."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.errors import LeaseLost
from core.leases import Lease
from store.store import Store

TTL = timedelta(seconds=30)


def take(store: Store, holder: str, *, reads: bool = False, host: str = "h1") -> Lease | None:
    with store.write() as tx:
        return store.leases.take_host(tx, "demo", host, holder, TTL, reader=f"inc-{holder}" if reads else None)


def test_one_writer_at_a_time(store: Store) -> None:
    mine = take(store, "a")
    assert mine is not None
    assert take(store, "b") is None
    assert take(store, "b", reads=True) is None
    assert take(store, "b", host="h2") is not None
    store.leases.release_now([mine])
    assert take(store, "b") is not None


def test_readers_share_and_keep_writers_out(store: Store) -> None:
    one, two = take(store, "a", reads=True), take(store, "b", reads=True)
    assert one is not None
    assert two is not None
    assert take(store, "c") is None
    store.leases.release_now([one])
    assert take(store, "c") is None
    store.leases.release_now([two])
    assert take(store, "c") is not None
    assert take(store, "a", reads=True) is None


def test_a_reader_that_was_paused_cannot_renew(store: Store, clock: ManualClock) -> None:
    late = take(store, "a", reads=True)
    assert late is not None
    clock.advance(TTL * 2)
    with store.write() as tx:
        again = store.leases.take_host(tx, "demo", "h1", "b", TTL, reader="inc-a")
    assert again is not None
    assert again.fence == late.fence + 1
    with pytest.raises(LeaseLost):
        store.leases.renew([late], TTL)


def test_old_readers_are_swept_out(store: Store, clock: ManualClock) -> None:
    for number in range(3):
        lease = take(store, f"r{number}", reads=True)
        assert lease is not None
        store.leases.release_now([lease])
        clock.advance(timedelta(seconds=1))
    kept = take(store, "last", reads=True)
    with store.write() as tx:
        assert [one.name for one in store.leases.held()] == [kept.name if kept else ""]
        with pytest.raises(LeaseLost):
            store.leases.check(tx, Lease(name="host:demo/h1 inc-r0", holder="r0", fence=1, expires_at=clock.now()))
