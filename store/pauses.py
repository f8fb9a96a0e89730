"""The pause switch: nothing starts while it is on."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from core.clock import Clock
from core.errors import Conflict
from core.pauses import EVERY_FLEET, Pause
from core.points import Point
from store.database import Database, Tx
from store.journal import Journal
from store.scopes import Fleets, within
from store.tables import pauses


class Pauses:
    """Sets, lifts and tells pauses."""

    def __init__(self, database: Database, clock: Clock, journal: Journal) -> None:
        self._database, self._clock, self._journal = database, clock, journal

    def pause(self, scope: str, by: str, reason: str) -> Pause:
        """Pause a fleet, or every one. A second pause replaces the reason."""
        pause = Pause(scope=scope, by=by, reason=reason, at=self._clock.now())
        with self._database.write(Point.PAUSES_PAUSE) as tx:
            tx.execute(delete(pauses).where(pauses.c.scope == scope))
            tx.execute(insert(pauses).values(**pause.model_dump()))
            self._journal.append(tx, "switch.paused", by, {"scope": scope, "reason": reason})
        return pause

    def resume(self, scope: str, by: str) -> None:
        """Let runs start again. Raises Conflict if *scope* was not paused."""
        with self._database.write(Point.PAUSES_RESUME) as tx:
            if tx.execute(delete(pauses).where(pauses.c.scope == scope)).rowcount == 0:
                raise Conflict(f"{'nothing' if scope == EVERY_FLEET else scope} is paused under that name")
            self._journal.append(tx, "switch.resumed", by, {"scope": scope})

    def in_force(self, *, fleets: Fleets = None) -> list[Pause]:
        """Every pause in force; with *fleets*, those that hold for one of them."""
        holding = None if fleets is None else {EVERY_FLEET, *fleets}
        query = within(select(pauses), pauses.c.scope, holding).order_by(pauses.c.scope)
        with self._database.read() as tx:
            return [Pause.model_validate(dict(row)) for row in tx.all(query)]

    def on(self, tx: Tx, fleet: str) -> str | None:
        """Who paused this fleet (or every one) and why, in words; None if nobody did."""
        row = tx.one(select(pauses).where(pauses.c.scope.in_([EVERY_FLEET, fleet])).order_by(pauses.c.at))
        return None if row is None else f"paused by {row['by']}: {row['reason']}"
