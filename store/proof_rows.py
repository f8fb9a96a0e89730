"""The proof of rows: each one that `proven.py` names is as the journal's entries left it, and none is missing.

Border: digests are compared as sets, so that a million rows take a few hundred bytes each at most; which row it is that
differs is looked for only once one does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy import select

from store.database import Tx
from store.proven import BY_NAME, PROVEN, digests, in_words, named, reading
from store.sealing import CHECKPOINT, Checkpoint, Outstanding
from store.tables import journal


class ToldRows:
    """The digests that rows have to have, as the journal has told them so far."""

    def __init__(self, begin: Checkpoint, key: bytes) -> None:
        self.begin = begin
        self.digests = {digest for own in begin.rows.values() for digest in own.values()}
        self._outstanding = Outstanding(key, begin.outstanding)

    def hear(self, seq: int, text: str) -> Iterator[str]:
        """Take the digests of one entry in, and say what is wrong with them."""
        known = self.digests
        for table, own in json.loads(text).items():
            for key, (old, new) in own.items():
                if old is not None:
                    if old in known:
                        known.remove(old)
                    elif seq < self.begin.seq:
                        self._outstanding.take(old)  # it was told of in the part that was cut, and not carried
                    else:
                        yield f"{in_words(table, key)}: it was changed by somebody before entry {seq} did"
                if new is not None:
                    known.add(new)

    def end(self) -> Iterator[str]:
        """What is wrong with all entries together."""
        if self._outstanding.value != 0:
            yield "journal: a row was changed before an entry did, and the cut part of the journal does not say which"


def violations(tx: Tx, told: ToldRows) -> Iterator[str]:
    """What is wrong with the tables: the first row of each, if any."""
    left = set(told.digests)
    for table in PROVEN:
        for key, digest in digests(table, tx.tuples(reading(table))):
            if digest in left:
                left.remove(digest)
            else:
                yield _named(tx, told, table.name, named(key))
    if left:
        yield from _missing(tx, told, left)


def _named(tx: Tx, told: ToldRows, table: str, key: str) -> str:
    last = _last(tx, told, table).get(key)
    return f"{in_words(table, key)}: " + ("the journal does not know it" if last is None else "it was changed")


def _missing(tx: Tx, told: ToldRows, left: set[str]) -> Iterator[str]:
    for table in BY_NAME:
        for key, digest in sorted(_last(tx, told, table).items()):
            if digest in left:
                yield f"{in_words(table, key)}: the journal knows it, the database does not"


def _last(tx: Tx, told: ToldRows, table: str) -> dict[str, str]:
    """Key -> digest of the rows of *table*, as the journal told of them last."""
    last = dict(told.begin.rows.get(table, {}))
    query = select(journal.c.digests).where(journal.c.digests.is_not(None), journal.c.kind != CHECKPOINT)
    for (text,) in tx.tuples(query.order_by(journal.c.seq)):
        for key, (_, new) in json.loads(text).get(table, {}).items():
            if new is None:
                last.pop(key, None)
            else:
                last[key] = new
    return last
