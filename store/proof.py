"""The proof behind `fleetmend journal verify`: the journal is whole, and the tables agree with it and the laws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import func, select

from core.journal import Head
from store import proof_journal, proof_rows, proof_tables
from store.database import Database, Tx
from store.journal import Journal
from store.sealing import newest_checkpoint
from store.tables import incidents, journal, runs


class Proof(NamedTuple):
    """What was checked, and the first violation in one line (None if there is none)."""

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
    try:
        begin = newest_checkpoint(tx)
    except (ValueError, KeyError):
        yield "journal: its newest checkpoint can't be read"
        return
    told = proof_journal.Told(begin, log.key)
    yield from proof_journal.violations(tx, log, known, begin, told)
    yield from proof_tables.violations(tx, told)
    yield from proof_rows.violations(tx, told.rows)
