"""What came from each source: deliveries that were seen before, how many there were, and how many were turned away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from core.clock import Clock
from core.model import Model, Time
from core.points import Point
from store.database import Database, Tx
from store.journal import Journal
from store.source_tables import deliveries, source_tallies

_JOURNALLED_EVERY = timedelta(minutes=1)
"""A refusal is journalled, and those that follow are counted: whoever tries thousands of secrets must not fill it."""
_NOTHING = {"deliveries": 0, "alerts": 0, "unmapped": 0, "refused": 0}


class Tally(Model):
    """What came from a source, in numbers."""

    source: str
    deliveries: int = 0
    alerts: int = 0
    unmapped: int = 0
    refused: int = 0
    heard_at: Time | None = None
    refused_at: Time | None = None


class Sources:
    """Counts what sources send."""

    def __init__(self, database: Database, clock: Clock, journal: Journal) -> None:
        self._database, self._clock, self._journal = database, clock, journal

    def is_new(self, tx: Tx, source: str, digest: str, within: timedelta) -> bool:
        """True if this delivery did not come within that time, and from now on it has."""
        tx.serialise(f"deliveries:{source}")
        same, now = (deliveries.c.source == source) & (deliveries.c.digest == digest), self._clock.now()
        known = tx.one(select(deliveries.c.at).where(same))
        if known is not None and abs(now - known["at"]) < within:
            return False
        tx.execute(delete(deliveries).where(same))
        tx.execute(insert(deliveries).values(source=source, digest=digest, at=now))
        return True

    def count(self, tx: Tx, source: str, deliveries: int, *, alerts: int, unmapped: int) -> None:
        """So many more *deliveries*, with so many alerts together."""
        more = {"deliveries": deliveries, "alerts": alerts, "unmapped": unmapped}
        self._add(tx, source, more, heard_at=self._clock.now())

    def refuse(self, source: str, why: str) -> None:
        """Somebody came who is not *source*: it is counted, and journalled once a minute."""
        now = self._clock.now()
        with self._database.write(Point.SOURCES_REFUSE) as tx:
            self._add(tx, source, {"refused": 1}, refused_at=now)
            row = tx.one(select(source_tallies).where(source_tallies.c.source == source))
            last = None if row is None else row["journalled_at"]
            if row is not None and (last is None or abs(now - last) >= _JOURNALLED_EVERY):
                self._journal.append(
                    tx, "source.refused", f"hook:{source}", {"reason": why, "refused_so_far": row["refused"]}
                )
                tx.execute(update(source_tallies).where(source_tallies.c.source == source).values(journalled_at=now))

    def all(self) -> dict[str, Tally]:
        """Source -> its tally."""
        with self._database.read() as tx:
            rows = tx.all(select(source_tallies))
        return {row["source"]: Tally(**{name: row[name] for name in Tally.model_fields}) for row in rows}

    @staticmethod
    def _add(tx: Tx, source: str, more: dict[str, int], **also: Any) -> None:
        tx.serialise(f"source:{source}")
        values = {name: source_tallies.c[name] + number for name, number in more.items()}
        if not tx.execute(
            update(source_tallies).where(source_tallies.c.source == source).values(**values, **also)
        ).rowcount:
            tx.execute(insert(source_tallies).values(source=source, **(_NOTHING | more), **also))
