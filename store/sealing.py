"""Cutting the journal's oldest part off without breaking its proof: a checkpoint entry seals what was cut.

A checkpoint is an entry like any other, so it is hash-chained under the journal's key. It says up to which entry the
journal was cut, that entry's hash, and the state in which every incident stood there that was not pruned by then. The
proof begins at the newest one. See `docs/decisions/0011-retention.md`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import RowMapping, delete, select

from core.journal import GENESIS
from core.states import FIRST, State
from store.database import Tx
from store.journal import Journal
from store.tables import journal

CHECKPOINT, PRUNED = "journal.checkpoint", "incident.pruned"
ACTOR = "retention"
_MOST_CARRIED = 1000
"""Incidents that a checkpoint may carry: beyond that, the journal is cut less far."""


class Checkpoint(NamedTuple):
    """Where the journal begins: behind entry *through*, which had *hash*; *states* holds then for each incident."""

    through: int
    hash: str
    states: dict[str, State]


BEGINNING = Checkpoint(0, GENESIS, {})


def newest_checkpoint(tx: Tx) -> Checkpoint:
    """The checkpoint that the journal in *tx* begins at."""
    query = select(journal.c.body).where(journal.c.kind == CHECKPOINT).order_by(journal.c.seq.desc()).limit(1)
    row = tx.one(query)
    if row is None:
        return BEGINNING
    body = json.loads(row["body"])
    return Checkpoint(body["through"], body["hash"], {name: State(state) for name, state in body["states"].items()})


def next_states(states: dict[str, State], kind: str, incident_id: str | None, body: dict[str, Any]) -> None:
    """Bring *states* up to date with one entry; whether it was a legal one is not asked here."""
    if incident_id is None:
        return
    if kind == "incident.opened":
        states[incident_id] = FIRST
    elif kind == "incident.state":
        states[incident_id] = State(body["to"])
    elif kind == PRUNED:
        states.pop(incident_id, None)


def cut(tx: Tx, log: Journal, before: str, *, least: int, most: int) -> int:
    """Cut off the oldest entries from before *before* (ISO 8601), sealed; returns how many.

    At most *most* at a time, and none if fewer than *least* are to go: each cut costs an entry.
    """
    tx.serialise("journal:cut")
    oldest = tx.all(select(journal).order_by(journal.c.seq).limit(most))
    states = dict(newest_checkpoint(tx).states)
    sealed = _sealed(oldest, before, states)
    if sealed is None or (gone := sealed.through - int(oldest[0]["seq"]) + 1) < least:
        return 0
    body = {"through": sealed.through, "hash": sealed.hash, "states": sealed.states}
    log.append(tx, CHECKPOINT, ACTOR, body)
    tx.execute(delete(journal).where(journal.c.seq <= sealed.through))
    return gone


def _sealed(oldest: Iterable[RowMapping], before: str, states: dict[str, State]) -> Checkpoint | None:
    """The farthest checkpoint that does not carry too much."""
    farthest: Checkpoint | None = None
    last: RowMapping | None = None
    for row in oldest:
        if row["at"] >= before:
            break
        next_states(states, row["kind"], row["incident_id"], json.loads(row["body"]))
        last = row
        if len(states) > _MOST_CARRIED:
            break
        farthest = Checkpoint(int(row["seq"]), str(row["hash"]), {})
    if farthest is None or last is None:
        return None
    if last["seq"] != farthest.through:
        # One entry too far: the incident that it opened is the only one that does not count yet.
        states = {name: state for name, state in states.items() if name != last["incident_id"]}
    return farthest._replace(states=states)
