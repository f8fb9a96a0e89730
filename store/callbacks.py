"""Callbacks: what came back from outside, stored before it is answered, and worked once."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.ids import new_id
from core.points import Point
from store.database import Database
from store.message_tables import callbacks

_TAKEN = timedelta(seconds=30)
"""How long a callback is left to whoever took it."""
_ITS_OWN = timedelta(seconds=5)
"""How long it is left to the process that it came to."""


class Callback(NamedTuple):
    """One callback that somebody took. `tries` counts from 1: a second one means that a process died at the first."""

    id: str
    kind: str
    body: str
    at: datetime
    tries: int


class Callbacks:
    """Keeps callbacks by their signature: the same one never counts twice."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def accept(self, signature: str, kind: str, body: str) -> str | None:
        """Store a callback and return its id; None if its *signature* was seen before."""
        values = {
            "id": new_id("cbk"),
            "signature": hashlib.sha256(signature.encode()).hexdigest(),
            "kind": kind,
            "body": body,
            "at": self._clock.now(),
            "tries": 0,
        }
        try:
            with self._database.write(Point.CALLBACKS_ACCEPT) as tx:
                tx.execute(insert(callbacks).values(**values))
        except IntegrityError:
            return None
        return str(values["id"])

    def take(self, callback_id: str) -> Callback | None:
        """Take a callback to work on it; None if somebody else has it, or it was worked."""
        now = self._clock.now()
        free = or_(callbacks.c.taken_until.is_(None), callbacks.c.taken_until <= now)
        mine = and_(callbacks.c.id == callback_id, callbacks.c.worked_at.is_(None), free)
        with self._database.write(Point.CALLBACKS_TAKE) as tx:
            taken = update(callbacks).where(mine).values(taken_until=now + _TAKEN, tries=callbacks.c.tries + 1)
            if tx.execute(taken).rowcount != 1:
                return None
            row = tx.one(select(callbacks).where(callbacks.c.id == callback_id))
        return None if row is None else Callback(**{name: row[name] for name in Callback._fields})

    def done(self, callback_id: str) -> None:
        """It was worked. What it said is forgotten: the journal says what came of it."""
        with self._database.write(Point.CALLBACKS_DONE) as tx:
            one = update(callbacks).where(callbacks.c.id == callback_id)
            tx.execute(one.values(worked_at=self._clock.now(), body=""))

    def left(self, limit: int = 20) -> list[str]:
        """Callbacks that nobody works on, though they came a while ago: the oldest first."""
        now = self._clock.now()
        free = or_(callbacks.c.taken_until.is_(None), callbacks.c.taken_until <= now)
        query = select(callbacks.c.id).where(callbacks.c.worked_at.is_(None), callbacks.c.at <= now - _ITS_OWN, free)
        with self._database.read() as tx:
            return [str(row["id"]) for row in tx.all(query.order_by(callbacks.c.at).limit(limit))]
