"""Rings for whatever was forgotten: law 4 makes the queue a doorbell, and this is who rings it again."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from loop.context import Context
from loop.heartbeat import Heartbeat
from store.counters import Counter

_AGAIN = timedelta(seconds=5)
"""A ring that nobody followed for this long is taken for lost; ringing at every look would only fill the queue."""
_REPORT = timedelta(seconds=5)
"""An idle reconciler writes down that it looked this often."""


class Reconciler:
    """Looks at the database, never at the queue.

    Runs of dead workers are settled, and what outlived its time expires, by the step that it rings for.
    """

    def __init__(self, context: Context, heartbeat: Heartbeat) -> None:
        self._context, self._heartbeat = context, heartbeat
        self._lock = threading.Lock()
        self._rung: dict[tuple[str, datetime], datetime] = {}
        self._looks, self._reported_at = 0, context.clock.now() - _REPORT

    def look(self) -> int:
        """Ring for every incident that is due and that nobody works on. Returns how many there were."""
        now = self._context.clock.now()
        due = self._context.store.incidents.due_since(now)
        with self._lock:
            forgotten = [one for one in due if now - self._rung.get(one, now - _AGAIN) >= _AGAIN]
            self._rung = {one: self._rung[one] for one in due if one in self._rung} | dict.fromkeys(forgotten, now)
        for incident_id, _ in forgotten:
            self._context.doorbell.ring(incident_id)
        self._report(len(forgotten), now)
        self._heartbeat.beat()
        return len(due)

    def _report(self, rung: int, now: datetime) -> None:
        with self._lock:
            self._looks += 1
            if not rung and now - self._reported_at < _REPORT:
                return
            looks, self._looks, self._reported_at = self._looks, 0, now
        counted = {Counter.LOOKS: looks} | ({Counter.RUNG: rung} if rung else {})
        self._context.store.counters.add_now(counted)
