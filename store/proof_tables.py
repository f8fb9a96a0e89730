"""The proof of the tables: they say what the journal says, keep the laws, and refer to nothing that is not there.

Border: one query for each thing that is proven, whatever the number of rows; the database looks for what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ForeignKey, and_, func, or_, select

from core.runs import RunStatus
from core.states import State
from store.counters import Counter
from store.database import Tx
from store.proof_journal import Told
from store.schema import metadata
from store.tables import approvals, detections, incidents, plans, runs
from store.work_tables import counters

_STATES = frozenset(state.value for state in State)
_AT_WORK = frozenset(status.value for status in RunStatus if not status.ended)


def violations(tx: Tx, told: Told) -> Iterator[str]:
    """What is wrong with the tables, given what the journal *told*."""
    yield from _incidents(tx, told)
    yield from _runs(tx, told)
    yield from _open_runs(tx)
    yield from _plans(tx)
    for table in metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=lambda one: one.parent.name):
            yield from _orphans(tx, key)
    yield from _detections(tx)


def _incidents(tx: Tx, told: Told) -> Iterator[str]:
    missing = set(told.states)
    columns = (incidents.c.id, incidents.c.state, incidents.c.reason, incidents.c.ended_at, incidents.c.due_at)
    for id, state, reason, ended_at, due_at in tx.tuples(select(*columns)):
        missing.discard(id)
        if state not in _STATES:
            yield f"{id}: it is {state!r}, which is no state"
            continue
        if told.states.get(id) != state:
            yield f"{id}: it is {state}, but the journal says {told.states.get(id)}"
        terminal = State(state).terminal
        if terminal != (ended_at is not None):
            yield f"{id}: it is {state}, and its end time does not fit that"
        if not terminal and due_at is None and state != State.ESCALATED:
            yield f"{id}: it is {state} and never due: it is stuck"
        if not reason or told.reasons.get(id, reason) != reason:
            yield f"{id}: it is {state}, and its reason is not the one that the journal gives"
    yield from (f"{id}: the journal knows it, the database does not" for id in sorted(missing))


def _runs(tx: Tx, told: Told) -> Iterator[str]:
    known = {run: (of, *step) for of, begun in told.runs.items() for run, step in begun.items()}
    for id, *row in tx.tuples(select(runs.c.id, runs.c.incident_id, runs.c.plan_id, runs.c.step)):
        said = known.pop(id, None)
        if said is None and told.whole:
            yield f"{id}: a run that the journal does not know"
        if said is not None and said != tuple(row):
            yield f"{id}: the journal says that it is step {said[2]} of {said[1]}, the database says otherwise"
    yield from (f"{id}: the journal knows it, the database does not" for id in sorted(known))
    twice = select(runs.c.plan_id, runs.c.step).group_by(runs.c.plan_id, runs.c.step).having(func.count() > 1)
    yield from (f"{plan}: step {step} was run twice" for plan, step in tx.tuples(twice))


def _open_runs(tx: Tx) -> Iterator[str]:
    """A run is open just as long as its incident is running."""
    is_open = runs.c.ended_at.is_(None)
    unfit = select(runs.c.id, runs.c.status).where(is_open != runs.c.status.in_(_AT_WORK)).limit(1)
    yield from (f"{id}: it is {status!r}, and its end time does not fit that" for id, status in tx.tuples(unfit))
    of = runs.join(incidents, incidents.c.id == runs.c.incident_id)
    left = select(runs.c.id, incidents.c.id, incidents.c.state).select_from(of)
    left = left.where(is_open, incidents.c.state != State.RUNNING.value).limit(1)
    yield from (f"{id}: it has not ended, but {incident} is {state}" for id, incident, state in tx.tuples(left))
    has_one = select(runs.c.id).where(runs.c.incident_id == incidents.c.id, is_open).exists()
    idle = select(incidents.c.id).where(incidents.c.state == State.RUNNING.value, ~has_one).limit(1)
    yield from (f"{id}: it is running, but none of its runs is" for (id,) in tx.tuples(idle))


def _plans(tx: Tx) -> Iterator[str]:
    """Plans, approvals and runs belong to one and the same incident, and an approval to what was approved."""
    join = incidents.outerjoin(plans, plans.c.id == incidents.c.plan_id)
    foreign = or_(plans.c.id.is_(None), plans.c.incident_id != incidents.c.id)
    query = select(incidents.c.id, incidents.c.plan_id).select_from(join)
    query = query.where(and_(incidents.c.plan_id.is_not(None), foreign)).limit(1)
    yield from (f"{id}: {plan} is not a plan of it" for id, plan in tx.tuples(query))
    for table in (approvals, runs):
        other = [table.c.incident_id != plans.c.incident_id]
        if table is approvals:
            other.append(table.c.plan_hash != plans.c.hash)
        query = select(table.c.id, plans.c.id).select_from(table.join(plans, plans.c.id == table.c.plan_id))
        yield from (f"{id}: it is not of {plan}" for id, plan in tx.tuples(query.where(or_(*other)).limit(1)))


def _orphans(tx: Tx, key: ForeignKey) -> Iterator[str]:
    child, column, parent = key.parent.table, key.parent, key.column
    join = child.outerjoin(parent.table, parent == column)
    query = select(column).select_from(join).where(column.is_not(None), parent.is_(None)).limit(1)
    for (value,) in tx.tuples(query):
        yield f"{child.name}: a row refers to {value!r}, which is not in {parent.table.name}"


def _detections(tx: Tx) -> Iterator[str]:
    """As many as were counted are there, or were pruned."""
    pruned = tx.one(select(counters.c.value).where(counters.c.name == Counter.PRUNED_DETECTIONS.value))
    if pruned is not None and pruned["value"]:
        return
    held = select(detections.c.incident_id, func.count().label("n")).group_by(detections.c.incident_id).subquery()
    join = incidents.outerjoin(held, held.c.incident_id == incidents.c.id)
    fewer = incidents.c.detections > func.coalesce(held.c.n, 0)
    query = select(incidents.c.id, incidents.c.detections).select_from(join).where(fewer).limit(1)
    yield from (f"{id}: {count} detections were folded into it, and some are gone" for id, count in tx.tuples(query))
