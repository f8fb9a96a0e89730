"""Ticks: what must happen only once, however many beats fire it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from store.database import Database
from store.work_tables import ticks

_KEPT = timedelta(days=2)


class Ticks:
    """Makes a schedule's tick happen once, however many beats fire it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, key: str, due_at: datetime) -> bool:
        """True for the first caller with this (key, due time), False for all others."""
        try:
            with self._database.write() as tx:
                tx.execute(insert(ticks).values(key=key, due_at=due_at))
                tx.execute(delete(ticks).where(ticks.c.key == key, ticks.c.due_at < due_at - _KEPT))
        except IntegrityError:
            return False
        return True
