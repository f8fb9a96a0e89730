"""Lendings: who gave whom a way in over the API, and so may come in as somebody else.

What is done on fleetmend's own machine is no lending: whoever owns the state folder may do everything anyway.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, or_, select, update

from core.clock import Clock
from core.ids import new_id
from store.database import Tx
from store.people_tables import lendings


class Way(StrEnum):
    """What was given. With a token one may report or read, with the others do all that the person may."""

    PASSWORD = "password"  # noqa: S105 - the name of a way in
    SLACK = "slack"
    TOKEN = "token"  # noqa: S105


class Lendings:
    """Begins and ends them, within the caller's transaction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def replace(self, tx: Tx, person: str, way: Way, lender: str | None, what: str = "") -> None:
        """*person* has this way in from *lender* from now on, in place of whom they had it from; None: from nobody."""
        now, same = self._clock.now(), (lendings.c.person == person) & (lendings.c.way == way.value)
        held = same & (lendings.c.what == what) & lendings.c.ended_at.is_(None)
        tx.execute(update(lendings).where(held).values(ended_at=now))
        if lender is not None:
            values = {"id": new_id("len"), "person": person, "way": way.value, "what": what, "lender": lender}
            tx.execute(insert(lendings).values(**values, at=now))

    @staticmethod
    def since(tx: Tx, moment: datetime) -> list[tuple[str, Way, str]]:
        """(person, way, lender) of what was lent at *moment* or later."""
        query = select(lendings).where(or_(lendings.c.ended_at.is_(None), lendings.c.ended_at >= moment))
        return [(row["person"], Way(row["way"]), row["lender"]) for row in tx.all(query.order_by(lendings.c.id))]

    @staticmethod
    def lender_of(tx: Tx, person: str, way: Way) -> str | None:
        """From whom *person* has this way in now, if from somebody else."""
        held = (lendings.c.person == person) & (lendings.c.way == way.value) & lendings.c.ended_at.is_(None)
        row = tx.one(select(lendings.c.lender).where(held))
        return None if row is None else str(row["lender"])
