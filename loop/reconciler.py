"""Rings for whatever was forgotten: law 4 makes the queue a doorbell, and this is who rings it again."""

from __future__ import annotations

from loop.context import Context


class Reconciler:
    """Looks at the database, never at the queue."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def look(self) -> int:
        """Ring for every incident that is due and that nobody works on. Returns how many there were."""
        due = self._context.store.incidents.due(self._context.clock.now())
        for incident_id in due:
            self._context.doorbell.ring(incident_id)
        return len(due)
