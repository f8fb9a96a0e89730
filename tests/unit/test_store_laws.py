"""Laws 4 and 5 in the store: compare-and-set, fences, and one run a step."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import Conflict, LeaseLost
from core.incidents import Incident
from core.plans import Plan
from core.runs import Run, RunResult, RunStatus
from core.states import State
from store.migrations import migrate
from store.store import Store, open_store
from tests.engines import rows_of, url_in
from tests.stores import detection, proposal

TTL = timedelta(seconds=30)


def opened(store: Store, clock: ManualClock, host: str = "h1") -> Incident:
    with store.write() as tx:
        [accepted] = store.detections.accept(tx, [detection(clock, host=host)], {})
    return store.incidents.get(accepted.incident_id)


def planned(store: Store, incident: Incident) -> Plan:
    with store.write() as tx:
        return store.plans.add(tx, incident, proposal(incident.host), policy_digest="p", bound={"host h1": "i"})


def run_of(plan: Plan, clock: ManualClock, number: int = 0) -> Run:
    step = plan.steps[0]
    return Run(
        id=f"run-{plan.id}-{number}",
        incident_id=plan.incident_id,
        plan_id=plan.id,
        step=0,
        remedy=step.remedy,
        fleet="demo",
        hosts=step.hosts,
        parameters=step.parameters,
        status=RunStatus.STARTING,
        worker="w",
        started_at=clock.now(),
    )


def test_a_second_writer_loses(store: Store, clock: ManualClock) -> None:
    incident = opened(store, clock)
    with store.write() as tx:
        store.incidents.move(tx, incident, State.PLANNED, "first")
    with pytest.raises(Conflict, match="changed meanwhile"), store.write() as tx:
        store.incidents.move(tx, incident, State.ESCALATED, "second")
    assert store.incidents.get(incident.id).state is State.PLANNED


def test_an_illegal_step_is_refused(store: Store, clock: ManualClock) -> None:
    incident = opened(store, clock)
    with pytest.raises(Conflict, match="can't become running"), store.write() as tx:
        store.incidents.move(tx, incident, State.RUNNING, "no")


def test_a_worker_that_was_paused_cannot_write(store: Store, clock: ManualClock) -> None:
    incident = opened(store, clock)
    mine = store.leases.take_now("incident:x", "me", TTL)
    assert mine is not None
    assert store.leases.take_now("incident:x", "you", TTL) is None
    clock.advance(TTL * 2)
    yours = store.leases.take_now("incident:x", "you", TTL)
    assert yours is not None
    assert yours.fence == mine.fence + 1
    with pytest.raises(LeaseLost), store.write() as tx:
        store.incidents.move(tx, incident, State.PLANNED, "late", lease=mine)
    with pytest.raises(LeaseLost):
        store.leases.renew([mine], TTL)
    store.leases.release_now([mine])
    assert [lease.holder for lease in store.leases.held()] == ["you"]


def test_a_due_incident_under_a_lease_is_left_alone(store: Store, clock: ManualClock) -> None:
    incident = opened(store, clock)
    assert store.incidents.due(clock.now()) == [incident.id]
    lease = store.leases.take_now(f"incident:{incident.id}", "me", TTL)
    assert lease is not None
    assert store.incidents.due(clock.now()) == []
    clock.advance(TTL * 2)
    assert store.incidents.due(clock.now()) == [incident.id]


def test_a_step_is_never_run_twice(store: Store, clock: ManualClock) -> None:
    plan = planned(store, opened(store, clock))
    with store.write() as tx:
        store.runs.begin(tx, run_of(plan, clock))
    with pytest.raises(Conflict, match="not run twice"), store.write() as tx:
        store.runs.begin(tx, run_of(plan, clock, number=1))


def test_a_run_is_closed_once(store: Store, clock: ManualClock) -> None:
    run = run_of(planned(store, opened(store, clock)), clock)
    with store.write() as tx:
        store.runs.begin(tx, run)
        store.runs.end(tx, run, RunResult(status=RunStatus.LOST, problem="gone"))
    with pytest.raises(Conflict, match="closed before"), store.write() as tx:
        store.runs.end(tx, run, RunResult(status=RunStatus.SUCCESSFUL))
    assert store.runs.get(run.id).status is RunStatus.LOST


def test_a_tick_happens_once(store: Store, clock: ManualClock) -> None:
    assert [store.ticks.claim("sweep", clock.now()) for _ in range(3)] == [True, False, False]


def test_a_store_can_be_opened_again(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    incident = opened(store, clock)
    again = open_store(url_in(tmp_path), tmp_path, clock)
    assert again.incidents.get(incident.id) == incident
    assert again.proof().violation is None
    again.close()


@pytest.mark.parametrize("name", ["journal.key", "journal.head"])
def test_keys_are_private(store: Store, clock: ManualClock, tmp_path: Path, name: str) -> None:
    opened(store, clock)
    store.journal.head_file.flush()
    assert (tmp_path / name).stat().st_mode & 0o077 == 0


def test_tokens_are_stored_as_digests(store: Store, tmp_path: Path) -> None:
    secret = store.tokens.make("me", "test")
    assert store.tokens.owner(secret).person == "me"
    assert store.tokens.owner(secret + "x") is None
    assert secret.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret not in str(rows_of(tmp_path, "tokens"))
    assert store.tokens.revoke("me", "test")
    assert store.tokens.owner(secret) is None


@pytest.mark.usefixtures("engine")
def test_migrations_make_what_the_tables_say(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from store.database import Database
    from store.tables import metadata

    database = Database(url_in(tmp_path))
    migrate(database.engine)
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
