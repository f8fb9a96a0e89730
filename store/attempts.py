"""Attempts to sign in, counted for all processes together, so that nobody can try one password after the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from core.clock import Clock
from core.points import Point
from store.database import Database, Tx
from store.people_tables import attempts

WINDOW = timedelta(minutes=15)
"""How long attempts count, from the first one on."""


class Attempts:
    """Counts attempts by key. An attempt counts before it is known how it ends: any number may be made at once."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def take(self, most: Mapping[str, int]) -> timedelta | None:
        """Count one attempt for each key of *most*, and return None.

        If a key has had as many as *most* says, nothing is counted, and the answer is how long that holds.
        """
        now = self._clock.now()
        with self._database.write(Point.ATTEMPTS_TAKE) as tx:
            tx.execute(delete(attempts).where(attempts.c.since <= now - WINDOW))
            for key in sorted(most):
                tx.serialise(f"attempt:{key}")
            rows = {row["key"]: row for row in tx.all(select(attempts).where(attempts.c.key.in_(most)))}
            waits: list[timedelta] = [
                row["since"] + WINDOW - now for key, row in rows.items() if row["count"] >= most[key]
            ]
            if waits:
                return max(waits)
            for key in most:
                self._count(tx, key, now, known=key in rows)
        return None

    def forget(self, begin_anew: str, counted: Collection[str]) -> None:
        """An attempt ended well: one of its keys begins anew, and those that have *counted* it count it no more."""
        with self._database.write(Point.ATTEMPTS_FORGET) as tx:
            tx.execute(delete(attempts).where(attempts.c.key == begin_anew))
            fewer = update(attempts).where(attempts.c.key.in_(counted), attempts.c.count > 0)
            tx.execute(fewer.values(count=attempts.c.count - 1))

    @staticmethod
    def _count(tx: Tx, key: str, now: datetime, *, known: bool) -> None:
        if known:
            tx.execute(update(attempts).where(attempts.c.key == key).values(count=attempts.c.count + 1))
        else:
            tx.execute(insert(attempts).values(key=key, count=1, since=now))
