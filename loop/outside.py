"""What no notification tells of: a silence that ended, an alert that is calm again, a mapping that was mended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.alerts import UNMAPPED, News, Placed, Told, Ways
from core.detections import Signal
from core.errors import Conflict, FleetmendError, Retryable
from core.points import Point
from core.sources import HookSource
from loop.context import Context
from loop.deliveries import weights_of
from loop.hooks import Hooks, item
from loop.intake import Intake
from loop.maintenance import maintained
from monitor.alerts import values
from store.alert_changes import Heard
from store.alerts import KnownAlert
from store.database import Tx
from store.detections import Accepted

log = logging.getLogger(__name__)

_EVERY = timedelta(seconds=5)
_MAPPED_AGAIN = timedelta(minutes=1)
"""So often an alert that could not be mapped is tried again: `sources.yml` or an inventory may have been mended."""


class Outside:
    """Looks now and then, from the reconciler; several processes may."""

    def __init__(self, context: Context, intake: Intake, hooks: Hooks) -> None:
        self._context, self._intake, self._hooks = context, intake, hooks
        self._lock = threading.Lock()
        self._looked_at = context.clock.now() - _EVERY

    def look(self) -> None:
        """Take up what has changed by itself. Raises Retryable."""
        now = self._context.clock.now()
        with self._lock:
            if timedelta(0) <= now - self._looked_at < _EVERY:
                return
            self._looked_at = now
        self.look_now()

    def look_now(self) -> None:
        """`look`, however short ago the last one was."""
        store, now = self._context.store, self._context.clock.now()
        with store.read() as tx:
            waiting = store.alerts.unmapped(tx, now - _MAPPED_AGAIN)
            idle = not waiting and not store.alerts.any_calmed(tx, now)
        if idle and not store.silences.any_ended(now):
            return
        again = self._placed_anew(waiting)
        accepted: list[Accepted] = []
        try:
            with store.write(Point.OUTSIDE_LOOK) as tx:
                for fleet, signal in store.silences.ended(tx, now):
                    accepted += self._report_again(tx, fleet, signal, now)
                for alert in store.alerts.calmed(tx, now):
                    if not alert.firing:
                        self._hooks.deliveries.clear(tx, alert.source, alert.fleet, [alert.signal])
                for name, source, placed in again:
                    accepted += self._map_again(tx, name, source, placed, now)
        except Conflict as error:
            log.info("what changed by itself is looked at again: %s", error)
            return
        self._intake.ring(accepted)

    def _report_again(self, tx: Tx, fleet: str, signal: Signal, now: datetime) -> list[Accepted]:
        """What was suppressed and is still there is reported: by the next sweep, and here for alerts."""
        store = self._context.store
        store.conditions.report_again(tx, fleet, signal)
        accepted: list[Accepted] = []
        for alert, told in store.alerts.firing_on(tx, fleet, signal):
            try:
                source = self._hooks.hook(alert.source)
            except FleetmendError:
                continue  # the source was taken out since
            placed = self._hooks.place(alert.source, source, [told_of(told, source)])
            accepted += self._report(tx, alert.source, [Heard(one, News.FIRES, now) for one in placed])
        return accepted

    def _placed_anew(
        self, waiting: Sequence[tuple[KnownAlert, Mapping[str, Any]]]
    ) -> list[tuple[str, HookSource, list[Placed]]]:
        by_source: dict[str, list[Mapping[str, Any]]] = {}
        for alert, told in waiting:
            by_source.setdefault(alert.source, []).append(told)
        placed = []
        for name, stored in by_source.items():
            try:
                source = self._hooks.hook(name)
                told_again = [told_of(one, source) for one in stored]
                placed.append((name, source, self._hooks.place(name, source, told_again)))
            except (Retryable, FleetmendError) as error:
                log.info("alerts of %s stay unmapped: %s", name, error)
        return placed

    def _map_again(
        self, tx: Tx, name: str, source: HookSource, placed: Sequence[Placed], now: datetime
    ) -> list[Accepted]:
        """Alerts that can be mapped now are heard as what they are; their old incidents end."""
        store = self._context.store
        ways = Ways(source.lag, source.flapping)
        heard = store.alerts.hear(tx, name, placed, ways, now)
        changed = [one for one in heard if one.was is not None]
        accepted = self._report(tx, name, changed)
        for one in changed:
            for fleet in {one.placed.fleet, UNMAPPED}:
                if one.was is not None:
                    self._hooks.deliveries.clear(tx, name, fleet, [one.was])
        return accepted

    def _report(self, tx: Tx, name: str, heard: Sequence[Heard]) -> list[Accepted]:
        fleets = self._hooks.fleets()
        placed = [one.placed for one in heard]
        aside = maintained([one.detection for one in placed], fleets.get, self._context.clock.now())
        return self._hooks.deliveries.report(tx, name, heard, weights_of(placed, fleets), aside)


def told_of(stored: Mapping[str, Any], source: HookSource) -> Told:
    """What was told, as it was stored; if it came as it is, it is read again, by *source* as it is now."""
    if stored["raw"] is not None:
        read_again = item(source, stored["raw"])
        return read_again._replace(key=stored["key"], firing=stored["firing"])
    fields = dict(stored) | {"hosts": tuple(stored["hosts"])}
    for name in ("starts_at", "ends_at"):
        fields[name] = values.moment(fields[name])
    return Told(**fields)
