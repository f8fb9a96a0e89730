"""Many writers at once, each with connections of its own: nothing fails, nothing is lost, nothing is counted twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.approvals import Answer
from core.clock import ManualClock
from core.errors import Conflict
from core.samples import Condition, Phase
from core.states import State
from store.database import Database
from store.migrations import migrate
from store.store import Store
from tests.engines import empty_url
from tests.stores import detection, proposal

TTL = timedelta(seconds=30)
MANY = 8


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Begin all *calls* together; their results, or the first error."""
    barrier = threading.Barrier(len(calls))

    def call(one: Callable[[], Any]) -> Any:
        barrier.wait()
        return one()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(60) for future in [pool.submit(call, one) for one in calls]]


@pytest.mark.usefixtures("engine")
def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    url = empty_url(tmp_path)
    databases = [Database(url) for _ in range(4)]
    at_once(*(lambda database=database: migrate(database.engine) for database in databases))
    for database in databases:
        database.close()


def test_the_first_entries_of_a_journal_do_not_collide(store: Store) -> None:
    at_once(*(lambda number=number: store.pauses.pause(f"fleet{number}", "me", "x") for number in range(MANY)))
    assert store.proof() == (MANY, 0, 0, None)


def test_a_lease_that_nobody_ever_had_is_taken_once(store: Store) -> None:
    for name in ("incident:a", "incident:b", "incident:c"):
        taken = at_once(*(lambda n=n, name=name: store.leases.take_now(name, f"w{n}", TTL) for n in range(MANY)))
        assert len([lease for lease in taken if lease is not None]) == 1


def test_batches_over_the_same_hosts_do_not_lock_each_other_out(store: Store, clock: ManualClock) -> None:
    hosts = [f"h{number}" for number in range(6)]

    def batch(order: list[str]) -> None:
        for _ in range(5):
            with store.write() as tx:
                store.detections.accept(tx, [detection(clock, host=host) for host in order], {})

    at_once(*(lambda order=order: batch(order) for order in (hosts, hosts[::-1], hosts[3:] + hosts[:3]) * 2))
    assert store.detections.count() == 6 * 6 * 5
    assert sorted(one.host for one in store.incidents.newest()) == hosts
    assert {one.detections for one in store.incidents.newest()} == {30}
    assert store.proof().violation is None


def test_batches_and_steps_do_not_lock_each_other_out(store: Store, clock: ManualClock) -> None:
    hosts = [f"h{number}" for number in range(6)]
    with store.write() as tx:
        first = store.detections.accept(tx, [detection(clock, host=host) for host in hosts], {})

    def batch() -> None:
        for _ in range(10):
            with store.write() as tx:
                store.detections.accept(tx, [detection(clock, host=host) for host in hosts], {})

    def steps(incident_id: str) -> None:
        incident = store.incidents.get(incident_id)
        for _ in range(10):
            with store.write() as tx:
                incident = store.incidents.move(tx, incident, State.PLANNED, "again", due_at=clock.now())

    at_once(batch, batch, *(lambda one=one: steps(one.incident_id) for one in first))
    assert store.detections.count() == 6 * 21
    assert store.proof().violation is None


def test_what_is_seen_while_an_incident_ends_is_not_lost_in_it(store: Store, clock: ManualClock) -> None:
    """On PostgreSQL readers do not wait for writers: folding has to."""
    with store.write() as tx:
        [first] = store.detections.accept(tx, [detection(clock)], {})
    clock.advance(timedelta(seconds=1))
    incident = store.incidents.get(first.incident_id)
    writing, go_on = threading.Event(), threading.Event()

    def end() -> None:
        with store.write() as tx:
            store.incidents.move(tx, incident, State.RESOLVED, "healed")
            writing.set()
            go_on.wait(0.3)

    def fold() -> str:
        assert writing.wait(30)
        clock.advance(timedelta(seconds=1))
        with store.write() as tx:
            [accepted] = store.detections.accept(tx, [detection(clock)], {})
        return accepted.incident_id

    _, where = at_once(end, fold)
    assert where != incident.id
    assert not store.incidents.get(where).state.terminal


def test_a_proof_looks_at_one_moment(store: Store, clock: ManualClock) -> None:
    def write() -> None:
        for number in range(30):
            with store.write() as tx:
                store.detections.accept(tx, [detection(clock, host=f"h{number}")], {})

    def prove() -> list[str | None]:
        return [store.proof().violation for _ in range(15)]

    _, violations = at_once(write, prove)
    assert set(violations) == {None}


def test_somebody_who_clicks_twice_counts_once(store: Store, clock: ManualClock) -> None:
    with store.write() as tx:
        [first] = store.detections.accept(tx, [detection(clock)], {})
    with store.write() as tx:
        incident = store.incidents.get(first.incident_id)
        plan = store.plans.add(tx, incident, proposal(), policy_digest="p", bound={"host h1": "i"})

    def approve() -> bool:
        try:
            with store.write() as tx:
                store.approvals.add(tx, plan, Answer.APPROVE, by="ada", reasons=(), expires_at=clock.now() + TTL)
        except Conflict:
            return False
        return True

    assert sum(at_once(*[approve] * MANY)) == 1


def test_two_sweeps_of_a_fleet_may_know_the_same(store: Store, clock: ManualClock) -> None:
    conditions = [
        Condition(
            fleet="demo", host=f"h{n}", symptom="disk_full", subject="/", phase=Phase.CLEAR,
            since=clock.now(), value=0.5, at=clock.now(),
        )
        for n in range(20)
    ]  # fmt: skip

    def put(order: list[Condition]) -> None:
        for _ in range(10):
            with store.write() as tx:
                store.conditions.put(tx, "demo", order)

    at_once(lambda: put(conditions), lambda: put(conditions[::-1]))
    assert len(store.conditions.of("demo")) == 20
