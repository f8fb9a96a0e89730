"""The journal: append-only and hash-chained. Its key and its newest head also lie outside the database."""

from __future__ import annotations

import fcntl
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from core.clock import Clock
from core.errors import BadInput
from core.journal import GENESIS, Entry, Head, seal
from store.database import Database, Tx
from store.tables import journal, journal_head

log = logging.getLogger(__name__)

_PAGE = 500


class HeadFile:
    """The last head that this machine saw committed. It only ever moves forward; processes share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seq = -1

    def read(self) -> Head | None:
        """The stored head, or None if there is none yet. Raises BadInput if the file is damaged."""
        try:
            return Head.model_validate_json(self._path.read_text())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise BadInput(f"the journal's head is damaged: {error}", file=self._path) from None

    def advance(self, head: Head) -> None:
        """Store *head* unless a newer one is there already."""
        with self._lock:
            if head.seq <= self._seq:
                return
            try:
                with self._path.with_suffix(".lock").open("w") as alone:
                    fcntl.flock(alone, fcntl.LOCK_EX)
                    stored = self.read()
                    if stored is None or stored.seq < head.seq:
                        partial = self._path.with_suffix(".new")
                        partial.write_text(head.model_dump_json())
                        partial.chmod(0o600)
                        partial.replace(self._path)
            except OSError as error:
                # The entry is committed: whoever wrote it must not hear that it failed. An older head stays true.
                log.warning("%s could not be written, and stays at an older entry: %s", self._path, error)
                return
            self._seq = head.seq


class Journal:
    """Appends entries within the caller's transaction, and reads them back."""

    def __init__(self, database: Database, clock: Clock, key: bytes, head_file: HeadFile) -> None:
        self._database, self._clock, self.key, self.head_file = database, clock, key, head_file

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
            "body": json.dumps(body, sort_keys=True, separators=(",", ":"), default=str),
        }
        if not tx.entries:
            tx.before_commit.append(lambda: self._chain(tx))
        tx.entries.append(said)

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

    def entries(self, *, after: int = 0, incident_id: str | None = None, limit: int | None = None) -> Iterator[Entry]:
        """Entries in order, from the one behind *after* on."""
        wanted = limit
        while wanted is None or wanted > 0:
            query = select(journal).where(journal.c.seq > after).order_by(journal.c.seq)
            if incident_id is not None:
                query = query.where(journal.c.incident_id == incident_id)
            with self._database.read() as tx:
                rows = tx.all(query.limit(_PAGE if wanted is None else min(_PAGE, wanted)))
            if not rows:
                return
            for row in rows:
                yield Entry.model_validate({**row, "body": json.loads(row["body"])})
            after = rows[-1]["seq"]
            wanted = None if wanted is None else wanted - len(rows)

    def last(self, count: int) -> list[Entry]:
        """The newest *count* entries, oldest first."""
        with self._database.read() as tx:
            rows = tx.all(select(journal).order_by(journal.c.seq.desc()).limit(count))
        return [Entry.model_validate({**row, "body": json.loads(row["body"])}) for row in reversed(rows)]
