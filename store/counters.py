"""Numbers that only grow, and when they last did. They outlast the rows that they counted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import insert, select, update

from core.clock import Clock
from core.points import Point
from store.database import Database, Tx
from store.work_tables import counters


class Counter(StrEnum):
    """What is counted."""

    LOOKS = "looks"
    RUNG = "rung"
    SETTLED = "settled"
    EXPIRED = "expired"
    PRUNED_DETECTIONS = "pruned_detections"
    SWEEPS_LEFT_OUT_BUSY = "sweeps_left_out_busy"
    SWEEPS_LEFT_OUT_OVERLAP = "sweeps_left_out_overlap"
    SWEEPS_LEFT_OUT_NO_ROOM = "sweeps_left_out_no_room"


class Count(NamedTuple):
    """How many, and when the last one was."""

    value: int
    at: datetime


NEVER = Count(0, datetime(1970, 1, 1, tzinfo=UTC))


class Counters:
    """Counts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def add(self, tx: Tx, counter: Counter, number: int = 1) -> None:
        """Count *number* more within the caller's transaction."""
        if number == 0:
            return
        more = {"value": counters.c.value + number, "at": self._clock.now()}
        counted = update(counters).where(counters.c.name == counter.value).values(**more)
        if tx.execute(counted).rowcount:
            return
        tx.serialise(f"counter:{counter}")  # a row that is not there can't be locked
        if tx.execute(counted).rowcount == 0:
            tx.execute(insert(counters).values(name=counter.value, value=number, at=self._clock.now()))

    def add_now(self, numbers: Mapping[Counter, int]) -> None:
        """Count several in a transaction of their own."""
        with self._database.write(Point.COUNTERS_ADD) as tx:
            for counter, number in sorted(numbers.items()):
                self.add(tx, counter, number)

    def all(self) -> dict[Counter, Count]:
        """Every counter."""
        with self._database.read() as tx:
            rows = {row["name"]: Count(row["value"], row["at"]) for row in tx.all(select(counters))}
        return {counter: rows.get(counter.value, NEVER) for counter in Counter}

    def of(self, counter: Counter) -> int:
        """How many there were."""
        return self.all()[counter].value
