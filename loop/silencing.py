"""Silences as people set them: they hold for what comes, and for what waits already."""

from __future__ import annotations

from datetime import timedelta

from core.durations import format_duration
from core.errors import BadInput, Conflict, NotFound, Retryable
from core.people import Access, Act
from core.points import Point
from core.silences import Silence
from core.states import State
from loop.context import Context
from store.silences import aside_of

LONGEST = timedelta(days=90)
_QUIETED = frozenset({State.OPEN, State.PLANNED, State.AWAITING_APPROVAL, State.APPROVED})
_TRIES = 3


class Silencing:
    """Makes and ends silences."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def silence(
        self,
        fleet: str,
        who: Access,
        reason: str,
        *,
        lasts: timedelta,
        host: str | None = None,
        symptom: str | None = None,
        subject: str | None = None,
    ) -> Silence:
        """Silence a fleet, or a part of it. Raises Refused, BadInput, and NotFound for what is not there."""
        who.need(Act.OPERATE, fleet)
        if not timedelta(0) < lasts <= LONGEST:
            raise BadInput(f"a silence lasts up to {format_duration(LONGEST)}", key="for")
        known = self._context.fleet(fleet)
        if host is not None and known.host(host) is None:
            raise NotFound(f"the fleet {fleet} has no host {host!r}; `fleetmend fleets show {fleet}` lists them")
        if symptom is not None and symptom not in self._context.catalog.symptoms:
            raise NotFound(f"there is no symptom {symptom!r}; `fleetmend catalog symptoms` lists them")
        for _ in range(_TRIES):
            try:
                return self._make(fleet, who, reason, lasts, host, symptom, subject)
            except Conflict:
                continue  # an incident moved on while it was about to be suppressed
        raise Retryable("incidents of this fleet move too fast to be silenced right now; try again")

    def _make(
        self,
        fleet: str,
        who: Access,
        reason: str,
        lasts: timedelta,
        host: str | None,
        symptom: str | None,
        subject: str | None,
    ) -> Silence:
        store = self._context.store
        until = self._context.clock.now() + lasts
        with store.write(Point.SILENCING_MAKE) as tx:
            made = store.silences.make(
                tx, fleet, until=until, reason=reason, by=who.by, host=host, symptom=symptom, subject=subject
            )
            aside, quieted = aside_of(made), 0
            for incident in store.incidents.waiting_under(tx, fleet, host, symptom, subject):
                if incident.state in _QUIETED and incident.request is None:
                    moved = store.incidents.move(
                        tx, incident, State.SUPPRESSED, aside.reason, actor=who.by, mute_until=until
                    )
                    store.silences.suppress(tx, moved.id, moved.fingerprint, aside)
                    quieted += 1
        return made.evolve(suppressed=quieted)

    def end(self, silence_id: str, who: Access) -> Silence:
        """End a silence now: what is still wrong opens incidents again. Raises Refused, NotFound, Conflict."""
        store = self._context.store
        found = store.silences.get(silence_id, fleets=who.fleets(Act.READ))
        who.need(Act.OPERATE, found.fleet)
        with store.write(Point.SILENCING_END) as tx:
            return store.silences.end(tx, found.id, who.by)
