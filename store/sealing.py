"""Cutting the journal's oldest part off without breaking its proof: a checkpoint entry seals what was cut.

A checkpoint is an entry like any other, so it is hash-chained under the journal's key. It says up to which entry the
journal was cut, that entry's hash, the state in which every incident stood there that is not pruned by now, and the
digest of every row that is proven and that no later entry speaks of. Rows that a later entry speaks of are too many to
be listed: their digests are added up (`Outstanding`), and the entries that follow have to take back just that. The
proof begins at the newest checkpoint. See `docs/decisions/0011-retention.md` and `0024-rows-in-the-journal.md`.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from itertools import takewhile
from typing import Any, NamedTuple

from sqlalchemy import RowMapping, delete, select

from core.journal import GENESIS
from core.states import FIRST, State
from store.database import Tx
from store.journal import Journal
from store.proven import Changes
from store.tables import journal

CHECKPOINT, PRUNED = "journal.checkpoint", "incident.pruned"
ACTOR = "retention"
_MOST_CARRIED, _MOST_ROWS = 1000, 50_000
"""Incidents and rows that a checkpoint may carry: beyond that, the journal is cut less far."""
_MODULUS = 1 << 256

Row = tuple[str, str]
"""A table and a key."""


class Outstanding:
    """A sum over digests, under the journal's key: nobody without it can find other digests that add up to the same."""

    def __init__(self, key: bytes, value: int = 0) -> None:
        self._key, self.value = key, value

    def add(self, digest: str) -> None:
        """One more digest that a later entry has to take back."""
        self.value = (self.value + self._number(digest)) % _MODULUS

    def take(self, digest: str) -> None:
        """An entry took *digest* back."""
        self.value = (self.value - self._number(digest)) % _MODULUS

    def _number(self, digest: str) -> int:
        return int.from_bytes(hmac.digest(self._key, b"row " + digest.encode(), "sha256"), "big")


class Checkpoint(NamedTuple):
    """Where the journal begins: behind entry *through*, which had *hash*; the rest holds there. *seq* is its own."""

    through: int
    hash: str
    states: dict[str, State]
    rows: dict[str, dict[str, str]]
    """Table -> key -> digest."""
    outstanding: int = 0
    seq: int = 0


BEGINNING = Checkpoint(0, GENESIS, {}, {})


def newest_checkpoint(tx: Tx) -> Checkpoint:
    """The checkpoint that the journal in *tx* begins at."""
    query = select(journal.c.seq, journal.c.body).where(journal.c.kind == CHECKPOINT)
    row = tx.one(query.order_by(journal.c.seq.desc()).limit(1))
    if row is None:
        return BEGINNING
    body = json.loads(row["body"])
    states = {name: State(state) for name, state in body["states"].items()}
    outstanding = int(body.get("outstanding", "0"), 16)
    return Checkpoint(body["through"], body["hash"], states, body.get("rows", {}), outstanding, row["seq"])


class Standing(NamedTuple):
    """What is not spoken of again: *rows* -> the entry that did last (0: the checkpoint), and incidents that went."""

    rows: dict[Row, int]
    pruned: frozenset[str]


def standing(tx: Tx, before: str) -> Standing:
    """What entries from before *before* say of rows, unless a later one speaks of the same. Reads the whole journal."""
    rows: dict[Row, int] = {(table, key): 0 for table, own in newest_checkpoint(tx).rows.items() for key in own}
    query = select(journal.c.seq, journal.c.at, journal.c.digests).where(journal.c.digests.is_not(None))
    for seq, at, digests in tx.tuples(query.order_by(journal.c.seq)):
        for table, own in json.loads(digests).items():
            for key in own:
                if at < before:
                    rows[table, key] = seq
                else:
                    rows.pop((table, key), None)
    gone = select(journal.c.incident_id).where(journal.c.kind == PRUNED)
    return Standing(rows, frozenset(str(name) for (name,) in tx.tuples(gone)))


class _Fold:
    """What the entries of the part that is to be cut come to, one after the other."""

    def __init__(self, still: Standing, outstanding: Outstanding, begin: Checkpoint) -> None:
        self._still, self._outstanding = still, outstanding
        self._states = {name: state for name, state in begin.states.items() if name not in still.pruned}
        self._rows: dict[str, Row] = {}
        for table, own in begin.rows.items():
            for key, digest in own.items():
                self._put((table, key), digest, 0)

    @property
    def is_too_much(self) -> bool:
        return len(self._states) > _MOST_CARRIED or len(self._rows) > _MOST_ROWS

    def take(self, entry: RowMapping) -> None:
        """Go on by one entry."""
        incident_id = entry["incident_id"]
        if incident_id is not None and incident_id not in self._still.pruned:
            next_states(self._states, entry["kind"], incident_id, json.loads(entry["body"]))
        changes: Changes = {} if entry["digests"] is None else json.loads(entry["digests"])
        for table, own in changes.items():
            for key, (old, new) in own.items():
                if old is not None and self._rows.pop(old, None) is None:
                    self._outstanding.take(old)
                if new is not None:
                    self._put((table, key), new, entry["seq"])

    def _put(self, row: Row, digest: str, seq: int) -> None:
        if self._still.rows.get(row) == seq:
            self._rows[digest] = row
        else:
            self._outstanding.add(digest)

    def checkpoint(self, entry: RowMapping) -> Checkpoint:
        """What holds behind *entry*, which was the last one."""
        rows: dict[str, dict[str, str]] = {}
        for digest, (table, key) in self._rows.items():
            rows.setdefault(table, {})[key] = digest
        return Checkpoint(int(entry["seq"]), str(entry["hash"]), self._states, rows, self._outstanding.value)


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


def cut(tx: Tx, log: Journal, before: str, still: Standing, *, least: int, most: int) -> int:
    """Cut off the oldest entries from before *before* (ISO 8601), sealed; returns how many.

    At most *most* at a time, and none if fewer than *least* are to go: each cut costs an entry. *still* was found for
    the same *before*; what was written since then does no harm.
    """
    tx.serialise("journal:cut")
    oldest = tx.all(select(journal).order_by(journal.c.seq).limit(most))
    sealed = _sealed(oldest, before, newest_checkpoint(tx), still, log.key)
    if sealed is None or (gone := sealed.through - int(oldest[0]["seq"]) + 1) < least:
        return 0
    body = {"through": sealed.through, "hash": sealed.hash, "states": sealed.states, "rows": sealed.rows}
    log.append(tx, CHECKPOINT, ACTOR, body | {"outstanding": f"{sealed.outstanding:x}"})
    tx.execute(delete(journal).where(journal.c.seq <= sealed.through))
    return gone


def _sealed(
    oldest: Iterable[RowMapping], before: str, begin: Checkpoint, still: Standing, key: bytes
) -> Checkpoint | None:
    """The farthest checkpoint that does not carry too much. What it carries only grows from entry to entry."""
    old = list(takewhile(lambda entry: entry["at"] < before, oldest))
    fold, many = _Fold(still, Outstanding(key, begin.outstanding), begin), 0
    for entry in old:
        fold.take(entry)
        if fold.is_too_much:
            break
        many += 1
    if many == 0:
        return None
    if many < len(old):
        fold = _Fold(still, Outstanding(key, begin.outstanding), begin)
        for entry in old[:many]:
            fold.take(entry)
    return fold.checkpoint(old[many - 1])
