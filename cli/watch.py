"""Follows the journal: one quiet line for every incident that opens or changes its state."""

from __future__ import annotations

from collections.abc import Iterator

from cli.times import clock_time
from core.journal import Entry
from store.store import Store

_SHOWN = ("incident.opened", "incident.state", "switch.paused", "switch.resumed")


class Watch:
    """Reads what was journalled since the last look; what was there before it began is not told."""

    def __init__(self, store: Store) -> None:
        self._store = store
        last = store.journal.last(1)
        self._after = last[0].seq if last else 0

    def lines(self) -> Iterator[str]:
        """What happened since the last call, a line each. They hold what hosts said: to be cleaned before printing."""
        for entry in self._store.journal.entries(after=self._after):
            self._after = entry.seq
            if entry.kind in _SHOWN:
                yield " ".join(part for part in (clock_time(entry.at), *self._words(entry)) if part)

    def _words(self, entry: Entry) -> Iterator[str]:
        body = entry.body
        if entry.incident_id is None:
            verb = "paused" if entry.kind == "switch.paused" else "resumed"
            yield f"{entry.actor} {verb} {body['scope']}: {body.get('reason', '')}".rstrip(": ")
            return
        incident = self._store.incidents.get(entry.incident_id)
        yield from (entry.incident_id, incident.fleet, incident.title)
        yield "open:" if entry.kind == "incident.opened" else f"{body['to']}:"
        yield str(entry.actor if entry.kind == "incident.opened" else body["reason"])
