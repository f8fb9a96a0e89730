"""Signs of life: one row a process, replaced at every beat."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from core.agents import Beat
from core.clock import Clock
from core.points import Point
from store.database import Database
from store.work_tables import agents

_REMEMBERED = timedelta(days=1)


class Agents:
    """Takes beats, and tells who gave one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def put(self, beat: Beat) -> None:
        """Store *beat* in place of the process's last one. Only that process writes its row."""
        values = beat.model_dump() | {"steps": beat.model_dump(mode="json")["steps"]}
        with self._database.write(Point.AGENTS_PUT) as tx:
            if tx.execute(update(agents).where(agents.c.worker == beat.worker).values(**values)).rowcount == 0:
                tx.execute(insert(agents).values(**values))
                tx.execute(delete(agents).where(agents.c.beat_at < self._clock.now() - _REMEMBERED))

    def leave(self, worker: str) -> None:
        """The process ended in order: it is not dead, it is gone."""
        with self._database.write(Point.AGENTS_LEAVE) as tx:
            tx.execute(delete(agents).where(agents.c.worker == worker))

    def all(self) -> list[Beat]:
        """The last beat of every process, dead ones of the last day included."""
        with self._database.read() as tx:
            rows = tx.all(select(agents).order_by(agents.c.since, agents.c.worker))
        return [Beat.model_validate(dict(row)) for row in rows]
