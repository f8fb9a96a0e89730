"""Migrations change rows that the journal proves: each is sealed anew, in the transaction of the migration.

A row that was proven is told as a change from what it was to what it is, so that one which was tampered with before is
found afterwards still. What no entry ever spoke of, since it is older than the digests or was not proven until now, is
taken as it stands: from then on it is proven, and of before nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import MetaData, Table, inspect, select

from core.clock import Clock
from store.database import Database, Tx
from store.head_file import HeadFile
from store.journal import STORE, Journal
from store.proven import BY_NAME, Change, digests, named, reading
from store.sealing import newest_checkpoint
from store.tables import journal

ADOPTED = "rows.adopted"
_AT_ONCE = 500
"""Rows that one entry is about."""

_Digests = dict[str, dict[str, str]]
"""Table -> key -> digest."""


@contextmanager
def resealed(tx: Tx, database: Database, clock: Clock, head_file: HeadFile, key: Callable[[], bytes]) -> Iterator[None]:
    """Around a migration within *tx*: what it changes of proven rows is in the journal afterwards.

    *key* is asked for the journal's key only if there is something to seal. Raises BadInput, as it does.
    """
    before = _as_they_are(tx, _reflected(tx)) if _has_digests(tx) else {}
    yield
    after = _as_they_are(tx, BY_NAME)
    spoken_of = _spoken_of(tx) if before else set()
    journal_of: Journal | None = None
    for name, own in after.items():
        was = before.get(name, {}) if name in spoken_of else {}
        changed = {row: (was.get(row), own.get(row)) for row in {**was, **own} if was.get(row) != own.get(row)}
        for part in _parts(changed):
            journal_of = journal_of or Journal(database, clock, key(), head_file)
            journal_of.adopt(tx, ADOPTED, STORE, {"table": name, "rows": len(part)}, {name: part})
    if journal_of is not None:
        journal_of.chain(tx)


def _parts(changed: dict[str, Change]) -> Iterator[dict[str, Change]]:
    keys = sorted(changed)
    for begin in range(0, len(keys), _AT_ONCE):
        yield {key: changed[key] for key in keys[begin : begin + _AT_ONCE]}


def _as_they_are(tx: Tx, tables: dict[str, Table]) -> _Digests:
    return {
        name: {named(key): digest for key, digest in digests(table, tx.tuples(reading(table)))}
        for name, table in tables.items()
    }


def _reflected(tx: Tx) -> dict[str, Table]:
    """The proven tables as the database has them now: not as this fleetmend will have them."""
    there = set(inspect(tx.connection).get_table_names())
    old = MetaData()
    return {name: Table(name, old, autoload_with=tx.connection) for name in BY_NAME if name in there}


def _has_digests(tx: Tx) -> bool:
    looking = inspect(tx.connection)
    return looking.has_table(journal.name) and journal.c.digests.name in {
        column["name"] for column in looking.get_columns(journal.name)
    }


def _spoken_of(tx: Tx) -> set[str]:
    """The tables that the journal tells digests of."""
    known = set(newest_checkpoint(tx).rows)
    for name in BY_NAME.keys() - known:
        if tx.one(select(journal.c.seq).where(journal.c.digests.like(f'%"{name}":{{%')).limit(1)) is not None:
            known.add(name)
    return known
