"""Tallies: counts that go on when the rows that they counted are gone, or that no row stands for."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from store.database import Database, Tx
from store.tables import tallies


class Tallies:
    """Adds to counts, and reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tx: Tx, name: str, number: int = 1) -> None:
        """Add *number* to the count called *name*."""
        if number == 0:
            return
        tx.serialise(f"tally:{name}")
        counted = update(tallies).where(tallies.c.name == name).values(number=tallies.c.number + number)
        if tx.execute(counted).rowcount == 0:
            tx.execute(insert(tallies).values(name=name, number=number))

    def all(self) -> dict[str, int]:
        """Every count, by name."""
        with self._database.read() as tx:
            return {str(row["name"]): int(row["number"]) for row in tx.all(select(tallies))}
