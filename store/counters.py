"""Numbers that only grow, and when they last did. The migration made a row for each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import select, update

from core.clock import Clock
from store.database import Database, Tx
from store.work_tables import counters


class Counter(StrEnum):
    """What is counted."""

    LOOKS = "looks"
    RUNG = "rung"
    SETTLED = "settled"
    EXPIRED = "expired"


class Count(NamedTuple):
    """How many, and when the last one was (1970: never)."""

    value: int
    at: datetime


class Counters:
    """Counts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def add(self, tx: Tx, counter: Counter, number: int = 1) -> None:
        """Count *number* more within the caller's transaction."""
        more = {"value": counters.c.value + number, "at": self._clock.now()}
        tx.execute(update(counters).where(counters.c.name == counter.value).values(**more))

    def add_now(self, numbers: Mapping[Counter, int]) -> None:
        """Count several in a transaction of their own."""
        with self._database.write() as tx:
            for counter, number in sorted(numbers.items()):
                self.add(tx, counter, number)

    def all(self) -> dict[Counter, Count]:
        """Every counter."""
        with self._database.read() as tx:
            rows = tx.all(select(counters))
        return {Counter(row["name"]): Count(row["value"], row["at"]) for row in rows}
