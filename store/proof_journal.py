"""The proof of the journal itself: sealed entry by entry, whole from its checkpoint to its head, and of legal steps.

Border: entries are read in a stream, once; a journal does not have to fit into memory, what it says of incidents does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy import select

from core.journal import Head, seal
from core.states import FIRST, State, may_follow
from store.database import Tx
from store.journal import Journal
from store.proof_rows import ToldRows
from store.sealing import PRUNED, Checkpoint
from store.tables import journal, journal_head

_FIELDS = ("seq", "at", "kind", "incident_id", "actor", "body", "previous", "digests", "hash")
_IN_ORDER = select(*(journal.c[name] for name in _FIELDS)).order_by(journal.c.seq)


class Told:
    """What the journal has told so far: of each incident that was not pruned, of its runs, and of every proven row."""

    def __init__(self, begin: Checkpoint, key: bytes) -> None:
        self.whole = begin.through == 0
        """False once the journal was cut: what its oldest part told is known by its checkpoint alone."""
        self.rows = ToldRows(begin, key)
        self.states: dict[str, State] = dict(begin.states)
        self.reasons: dict[str, str] = {}
        """Of incidents that ended."""
        self.runs: dict[str, dict[str, tuple[str, int]]] = {}
        """Incident -> run -> its plan and step."""

    def hear(self, seq: int, kind: str, incident_id: str, body: str, digests: str | None) -> Iterator[str]:
        """Take one entry in, and say what is wrong with it."""
        if kind == "incident.opened":
            if incident_id in self.states:
                yield f"{incident_id}: entry {seq} opens it a second time"
            self.states[incident_id] = FIRST
        elif kind == "incident.state":
            yield from self._move(incident_id, seq, body)
        elif kind == "run.began":
            yield from self._begin(incident_id, seq, body)
        elif kind == PRUNED:
            last = self.states.pop(incident_id, State.CLOSED if self._unknown(incident_id) else None)
            if last is None or not last.terminal:
                yield f"{incident_id}: entry {seq} says that it was pruned, but it was {last}"
            self.reasons.pop(incident_id, None)
            self.runs.pop(incident_id, None)
        if digests is not None:
            yield from self.rows.hear(seq, digests)

    def _unknown(self, incident_id: str) -> bool:
        """True for one that was opened before the cut, and pruned since: a checkpoint does not carry it."""
        return not self.whole and incident_id not in self.states

    def _move(self, incident_id: str, seq: int, text: str) -> Iterator[str]:
        body = json.loads(text)
        before, after = State(body["from"]), State(body["to"])
        known = before if self._unknown(incident_id) else self.states.get(incident_id)
        if known is not before or not may_follow(before, after):
            yield f"{incident_id}: entry {seq} goes from {before} to {after}, which is no legal step"
        self.states[incident_id] = after
        if after.terminal:
            self.reasons[incident_id] = body["reason"]

    def _begin(self, incident_id: str, seq: int, text: str) -> Iterator[str]:
        body = json.loads(text)
        runs, step = self.runs.setdefault(incident_id, {}), (body["plan"], body["step"])
        if step in runs.values():
            yield f"{body['run']}: entry {seq} begins step {step[1]} of {step[0]}, which was begun before"
        if self.states.get(incident_id, State.RUNNING) not in (State.APPROVED, State.RUNNING):
            yield f"{body['run']}: entry {seq} begins it, but {incident_id} was {self.states[incident_id]}"
        runs[body["run"]] = step


def violations(tx: Tx, log: Journal, known: Head | None, begin: Checkpoint, told: Told) -> Iterator[str]:
    """What is wrong with the journal behind *begin*, in order; *told* knows afterwards what it says."""
    previous, seq = begin.hash, begin.through
    for number, at, kind, incident_id, actor, body, before, digests, own in tx.tuples(_IN_ORDER):
        if number != seq + 1:
            yield f"journal: entry {seq + 1} is missing"
        sealed = seal(
            log.key,
            seq=number,
            at=at,
            kind=kind,
            incident_id=incident_id,
            actor=actor,
            body=body,
            previous=before,
            digests=digests,
        )
        if before != previous or own != sealed:
            yield f"journal: entry {number} was changed"
        if known is not None and number == known.seq and own != known.hash:
            yield f"journal: entry {number} differs from the head kept outside the database"
        yield from told.hear(number, kind, str(incident_id), body, digests)
        previous, seq = own, number
    if known is not None and known.seq > seq:
        yield f"journal: it ends at entry {seq}, but entry {known.seq} was written: its tail was cut off"
    stored = tx.one(select(journal_head))
    own = (0, previous) if stored is None else (stored["seq"], stored["hash"])
    if own != (seq, previous):
        yield f"journal: it ends at entry {seq}, but the database's own head says {own[0]}"
    yield from told.rows.end()
