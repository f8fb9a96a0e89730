"""Ticks: what must happen only once, however many beats fire it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from core.points import Point
from store.database import Database, Tx
from store.work_tables import ticks

_KEPT = timedelta(days=2)


class Ticks:
    """Makes a schedule's tick happen once, however many beats fire it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, key: str, due_at: datetime) -> bool:
        """True for the first caller with this (key, due time), False for all others."""
        with self._database.write(Point.TICKS_CLAIM) as tx:
            return self.take(tx, key, due_at)

    def take(self, tx: Tx, key: str, due_at: datetime) -> bool:
        """`claim`, together with what else *tx* writes: a tick whose work was not written is not used up."""
        tx.serialise(f"tick:{key}")
        if tx.one(select(ticks.c.key).where(ticks.c.key == key, ticks.c.due_at == due_at)) is not None:
            return False
        tx.execute(insert(ticks).values(key=key, due_at=due_at))
        tx.execute(delete(ticks).where(ticks.c.key == key, ticks.c.due_at < due_at - _KEPT))
        return True
