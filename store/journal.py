"""The journal: append-only and hash-chained. Its key and its newest head also lie outside the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from core.clock import Clock
from core.journal import GENESIS, Entry, Head, seal
from store.database import Database, Tx
from store.head_file import HeadFile
from store.proven import Changes
from store.scopes import Fleets, of_incidents_within
from store.tables import journal, journal_head

_PAGE = 500
ROWS_CHANGED, STORE = "rows.changed", "store"
"""The kind and actor of an entry that has nothing to tell but what became of proven rows."""
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str).encode


class Journal:
    """Appends entries within the caller's transaction, and reads them back."""

    def __init__(self, database: Database, clock: Clock, key: bytes, head_file: HeadFile) -> None:
        self._database, self._clock, self.key, self.head_file = database, clock, key, head_file
        database.seal = self._seal

    def append(self, tx: Tx, kind: str, actor: str, body: dict[str, Any], incident_id: str | None = None) -> None:
        """Append one entry. *body* holds typed facts only, without secrets.

        It is written as the transaction's last act: whoever holds the chain's head waits for nobody then, so that two
        transactions can't wait for each other.
        """
        said = {
            "at": self._clock.now().isoformat(),
            "kind": kind,
            "incident_id": incident_id,
            "actor": actor,
            "body": _canonical(body),
            "digests": None,
        }
        tx.entries.append(said)

    def adopt(self, tx: Tx, kind: str, actor: str, body: dict[str, Any], changes: Changes) -> None:
        """Append an entry that says of *changes* that they are right, whoever made them."""
        self.append(tx, kind, actor, body)
        tx.entries[-1]["digests"] = _canonical(changes)

    def chain(self, tx: Tx) -> None:
        """Seal the entries of *tx*, and move the head behind them: for a transaction that is not the store's own."""
        if tx.entries:
            self._chain(tx)

    def _seal(self, tx: Tx) -> None:
        """Have the first entry of *tx* say what became of proven rows; without an entry, make one."""
        changes = tx.changes.take()
        if changes:
            if not tx.entries:
                self.append(tx, ROWS_CHANGED, STORE, {"tables": sorted(changes)})
            tx.entries[0]["digests"] = _canonical(changes)
        self.chain(tx)

    def _chain(self, tx: Tx) -> None:
        """Seal the entries of *tx*, and move the head behind them."""
        head, rows = self._head(tx), []
        for said in tx.entries:
            fields: dict[str, Any] = {**said, "seq": head.seq + 1, "previous": head.hash}
            head = Head(seq=head.seq + 1, hash=seal(self.key, **fields))
            rows.append(fields | {"hash": head.hash})
        tx.execute(insert(journal), rows)
        tx.execute(update(journal_head).values(seq=head.seq, hash=head.hash))
        tx.after_commit.append(lambda: self.head_file.advance(head))

    def _head(self, tx: Tx) -> Head:
        """The newest entry, held until *tx* ends."""
        row = tx.one(select(journal_head).with_for_update())
        if row is None:
            tx.serialise("journal")
            row = tx.one(select(journal_head).with_for_update())
        if row is None:
            tx.execute(insert(journal_head).values(one=True, seq=0, hash=GENESIS))
            return Head(seq=0, hash=GENESIS)
        return Head(seq=row["seq"], hash=row["hash"])

    def entries(
        self,
        *,
        after: int = 0,
        incident_id: str | None = None,
        limit: int | None = None,
        fleets: Fleets = None,
    ) -> Iterator[Entry]:
        """Entries in order, from the one behind *after* on; with *fleets*, of their incidents alone."""
        wanted = limit
        while wanted is None or wanted > 0:
            query = of_incidents_within(select(journal), journal.c.incident_id, fleets)
            query = query.where(journal.c.seq > after).order_by(journal.c.seq)
            if incident_id is not None:
                query = query.where(journal.c.incident_id == incident_id)
            with self._database.read() as tx:
                rows = tx.all(query.limit(_PAGE if wanted is None else min(_PAGE, wanted)))
            if not rows:
                return
            for row in rows:
                yield _entry(row)
            after = rows[-1]["seq"]
            wanted = None if wanted is None else wanted - len(rows)

    def last(self, count: int, *, incident_id: str | None = None, fleets: Fleets = None) -> list[Entry]:
        """The newest *count* entries, oldest first; of one incident, or with *fleets* of theirs alone."""
        query = of_incidents_within(select(journal), journal.c.incident_id, fleets)
        if incident_id is not None:
            query = query.where(journal.c.incident_id == incident_id)
        with self._database.read() as tx:
            rows = tx.all(query.order_by(journal.c.seq.desc()).limit(count))
        return [_entry(row) for row in reversed(rows)]


def _entry(row: RowMapping) -> Entry:
    digests = row["digests"]
    parsed = {"body": json.loads(row["body"]), "digests": None if digests is None else json.loads(digests)}
    return Entry.model_validate({**row, **parsed})
