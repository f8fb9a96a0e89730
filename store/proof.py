"""The proof behind `fleetmend journal verify`: the chain is whole, and the tables agree with the laws."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import func, select

from core.journal import Head, seal
from core.states import FIRST, State, may_follow
from store.database import Database, Tx
from store.journal import Journal
from store.sealing import PRUNED, newest_checkpoint
from store.tables import detections, incidents, journal, journal_head, runs


class Proof(NamedTuple):
    """What was checked, and the first violation (None if there is none)."""

    entries: int
    incidents: int
    runs: int
    violation: str | None


def verify(database: Database, log: Journal) -> Proof:
    """Check the whole store as it is at one moment, while others may go on writing. Reads only."""
    known = log.head_file.read()  # first: what it knows is in the snapshot then
    with database.read() as tx:
        entries, problems, executions = (
            tx.execute(select(func.count()).select_from(table)).scalar_one() for table in (journal, incidents, runs)
        )
        return Proof(entries, problems, executions, next(_violations(tx, log, known), None))


def _violations(tx: Tx, log: Journal, known: Head | None) -> Iterator[str]:
    yield from _chain(tx, log, known)
    yield from _paths(tx)
    yield from _rows(tx)


def _chain(tx: Tx, log: Journal, known: Head | None) -> Iterator[str]:
    rows = tx.all(select(journal).order_by(journal.c.seq))
    stored = tx.one(select(journal_head))
    begin = newest_checkpoint(tx)
    previous, seq = begin.hash, begin.through
    for row in rows:
        fields = {name: row[name] for name in ("seq", "at", "kind", "incident_id", "actor", "body", "previous")}
        if row["seq"] != seq + 1:
            yield f"journal: entry {seq + 1} is missing"
        if row["previous"] != previous or row["hash"] != seal(log.key, **fields):
            yield f"journal: entry {row['seq']} was changed"
        if known is not None and row["seq"] == known.seq and row["hash"] != known.hash:
            yield f"journal: entry {row['seq']} differs from the head kept outside the database"
        previous, seq = row["hash"], row["seq"]
    if known is not None and known.seq > seq:
        yield f"journal: it ends at entry {seq}, but entry {known.seq} was written: its tail was cut off"
    if stored is not None and (stored["seq"], stored["hash"]) != (seq, previous):
        yield f"journal: it ends at entry {seq}, but the database's own head says {stored['seq']}"


def _paths(tx: Tx) -> Iterator[str]:
    states = dict(newest_checkpoint(tx).states)
    moves = select(journal).where(journal.c.kind.in_(["incident.opened", "incident.state", PRUNED]))
    for entry in tx.all(moves.order_by(journal.c.seq)):
        incident_id = str(entry["incident_id"])
        if entry["kind"] == "incident.opened":
            states[incident_id] = FIRST
            continue
        if entry["kind"] == PRUNED:
            last = states.pop(incident_id, None)
            if last is None or not last.terminal:
                yield f"{incident_id}: entry {entry['seq']} says that it was pruned, but it was {last}"
            continue
        body = json.loads(entry["body"])
        before, after = State(body["from"]), State(body["to"])
        if states.get(incident_id) is not before or not may_follow(before, after):
            yield f"{incident_id}: entry {entry['seq']} goes from {before} to {after}, which is no legal step"
        states[incident_id] = after
    rows = tx.all(select(incidents.c.id, incidents.c.state, incidents.c.ended_at, incidents.c.due_at))
    for row in rows:
        state = State(row["state"])
        if states.get(row["id"]) is not state:
            yield f"{row['id']}: it is {state}, but the journal says {states.get(row['id'])}"
        if state.terminal != (row["ended_at"] is not None):
            yield f"{row['id']}: it is {state}, and its end time does not fit that"
    yield from (
        f"{missing}: the journal knows it, the database does not" for missing in states.keys() - {r["id"] for r in rows}
    )


def _rows(tx: Tx) -> Iterator[str]:
    orphans = tx.all(
        select(detections.c.id)
        .outerjoin(incidents, incidents.c.id == detections.c.incident_id)
        .where(incidents.c.id.is_(None))
    )
    twice = tx.all(select(runs.c.plan_id, runs.c.step).group_by(runs.c.plan_id, runs.c.step).having(func.count() > 1))
    yield from (f"{row['id']}: a detection without an incident" for row in orphans)
    yield from (f"{row['plan_id']}: step {row['step']} was run twice" for row in twice)
