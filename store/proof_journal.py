"""The proof of the journal itself: sealed entry by entry, whole from its checkpoint to its head, and of legal steps.

Border: entries are read in a stream, once; a journal does not have to fit into memory, what it says of incidents does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy import RowMapping, select

from core.journal import Head, seal
from core.states import FIRST, State, may_follow
from store.database import Tx
from store.journal import Journal
from store.sealing import PRUNED, newest_checkpoint
from store.tables import journal, journal_head

_FIELDS = ("seq", "at", "kind", "incident_id", "actor", "body", "previous")


class Told:
    """What the journal has told so far: of each incident that was not pruned, and of its runs."""

    def __init__(self) -> None:
        self.whole = True
        """False once the journal was cut: what its oldest part told is known by its states alone."""
        self.states: dict[str, State] = {}
        self.reasons: dict[str, str] = {}
        """Of incidents that ended."""
        self.runs: dict[str, dict[str, tuple[str, int]]] = {}
        """Incident -> run -> its plan and step."""

    def hear(self, entry: RowMapping) -> Iterator[str]:
        """Take one entry in, and say what is wrong with it."""
        incident_id, kind = str(entry["incident_id"]), entry["kind"]
        if kind == "incident.opened":
            if incident_id in self.states:
                yield f"{incident_id}: entry {entry['seq']} opens it a second time"
            self.states[incident_id] = FIRST
        elif kind == "incident.state":
            yield from self._move(incident_id, entry)
        elif kind == "run.began":
            yield from self._begin(incident_id, entry)
        elif kind == PRUNED:
            last = self.states.pop(incident_id, None)
            if last is None or not last.terminal:
                yield f"{incident_id}: entry {entry['seq']} says that it was pruned, but it was {last}"
            self.reasons.pop(incident_id, None)
            self.runs.pop(incident_id, None)

    def _move(self, incident_id: str, entry: RowMapping) -> Iterator[str]:
        body = json.loads(entry["body"])
        before, after = State(body["from"]), State(body["to"])
        if self.states.get(incident_id) is not before or not may_follow(before, after):
            yield f"{incident_id}: entry {entry['seq']} goes from {before} to {after}, which is no legal step"
        self.states[incident_id] = after
        if after.terminal:
            self.reasons[incident_id] = body["reason"]

    def _begin(self, incident_id: str, entry: RowMapping) -> Iterator[str]:
        body = json.loads(entry["body"])
        runs, step = self.runs.setdefault(incident_id, {}), (body["plan"], body["step"])
        if step in runs.values():
            yield f"{body['run']}: entry {entry['seq']} begins step {step[1]} of {step[0]}, which was begun before"
        if self.states.get(incident_id, State.RUNNING) not in (State.APPROVED, State.RUNNING):
            yield f"{body['run']}: entry {entry['seq']} begins it, but {incident_id} was {self.states[incident_id]}"
        runs[body["run"]] = step


def violations(tx: Tx, log: Journal, known: Head | None, told: Told) -> Iterator[str]:
    """What is wrong with the journal, in order; *told* knows afterwards what it says."""
    try:
        begin = newest_checkpoint(tx)
    except (ValueError, KeyError):
        yield "journal: its newest checkpoint can't be read"
        return
    previous, seq = begin.hash, begin.through
    told.states, told.whole = dict(begin.states), seq == 0
    for row in tx.each(select(journal).order_by(journal.c.seq)):
        if row["seq"] != seq + 1:
            yield f"journal: entry {seq + 1} is missing"
        yield from _sealed(row, previous, log, known)
        yield from told.hear(row)
        previous, seq = row["hash"], row["seq"]
    if known is not None and known.seq > seq:
        yield f"journal: it ends at entry {seq}, but entry {known.seq} was written: its tail was cut off"
    stored = tx.one(select(journal_head))
    own = (0, previous) if stored is None else (stored["seq"], stored["hash"])
    if own != (seq, previous):
        yield f"journal: it ends at entry {seq}, but the database's own head says {own[0]}"


def _sealed(row: RowMapping, previous: str, log: Journal, known: Head | None) -> Iterator[str]:
    fields = {name: row[name] for name in _FIELDS}
    if row["previous"] != previous or row["hash"] != seal(log.key, **fields):
        yield f"journal: entry {row['seq']} was changed"
    if known is not None and row["seq"] == known.seq and row["hash"] != known.hash:
        yield f"journal: entry {row['seq']} differs from the head kept outside the database"
