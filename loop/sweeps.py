"""DETECT: one sweep over a fleet, from measuring to incidents opened and cleared."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from core.agents import Role
from core.detections import Signal
from core.fleets import Fleet, Sweep
from core.ids import new_id
from core.importance import importance_of
from core.points import Point
from loop.backpressure import NoPlace, busy, leave_out
from loop.clearing import Clearing
from loop.context import Context
from loop.intake import Intake
from loop.maintenance import maintained
from monitor.detect import assess
from monitor.signatures import moved
from monitor.sweep import SIGNATURES
from store.database import Tx

log = logging.getLogger(__name__)


class Sweeps:
    """Runs a fleet's sweeps; the same (sweep, due time) only once."""

    def __init__(self, context: Context, intake: Intake, clearing: Clearing) -> None:
        self._context, self._intake, self._clearing = context, intake, clearing

    def tick(self, fleet_name: str, number: int, due_at: datetime) -> bool:
        """Run the fleet's sweep *number* that is due at *due_at*; says whether.

        It is not run if that was done before, and left out while the last one still runs or too many incidents wait.
        Raises NoPlace, having claimed nothing, while half of the workers are at other sweeps.
        """
        context, key = self._context, f"sweep:{fleet_name}/{number}"
        with context.sweep_places.taken() as got:
            if not got:
                raise NoPlace(f"{key}: half of the workers are at sweeps already")
            return self._tick(fleet_name, number, due_at, key)

    def _tick(self, fleet_name: str, number: int, due_at: datetime, key: str) -> bool:
        context = self._context
        if not context.store.ticks.claim(key, due_at):
            return False
        if busy(context):
            most = context.settings.most_due
            leave_out(context, key, "busy", f"more than {most} incidents wait for a worker (FLEETMEND_MOST_DUE)")
            return False
        holder, longest = f"{context.worker}/{new_id('call')}", context.settings.probe_timeout * 2
        lease = context.store.leases.take_now(key, holder, longest)
        if lease is None:
            leave_out(context, key, "overlap", "the one before still runs")
            return False
        try:
            fleet = context.fleet(fleet_name)
            with context.presence.at(Role.MONITOR, f"sweep {number} of {fleet_name}"):
                self.run(fleet, fleet.file.sweeps[number])
        finally:
            context.store.leases.release_now([lease])
        return True

    def run(self, fleet: Fleet, sweep: Sweep) -> None:
        """Measure, assess, store, and tell the loop."""
        context = self._context
        samples = context.sweeper.measure(fleet, sweep.probes, fleet.select(sweep.hosts), context.catalog.probes)
        before, now = context.store.conditions.of(fleet.name), context.clock.now()
        found = assess(fleet, context.symptoms(fleet), samples, before, context.clock.now())
        importance = {one.id: importance_of(fleet.host(one.host), one.service) for one in found.detections}
        read_to = moved(samples, context.store.cursors.of(fleet.name), now) if SIGNATURES in sweep.probes else {}
        aside = maintained(found.detections, {fleet.name: fleet}.get, context.clock.now())
        with context.store.write(Point.SWEEPS_JUDGE) as tx:
            context.store.conditions.put(tx, fleet.name, found.conditions)
            context.store.cursors.put(tx, fleet.name, read_to, now)
            accepted = self._intake.fold(tx, found.detections, importance, aside)
            if found.cleared:
                # Where the conditions are stored: no later sweep says again that these signals cleared.
                self._clearing.clear(tx, fleet.name, found.cleared, actor="monitor")
            if found.still_clear:
                self._catch_up(tx, fleet, found.still_clear)
        self._intake.ring(accepted)

    def _catch_up(self, tx: Tx, fleet: Fleet, still_clear: Sequence[Signal]) -> None:
        """Resolve what cleared while nobody could say so: an incident that was at work then, and waits by now."""
        store, measured = self._context.store, frozenset(still_clear)
        told = store.alerts.firing(tx, fleet.name)
        for incident in store.conditions.cleared_since(tx, fleet.name):
            signals = store.incidents.signals(incident.id, tx)
            if not measured.isdisjoint(signals) and told.isdisjoint(signals):
                words = f"cleared before it was {incident.state}, and is clear still"
                self._clearing.resolve(tx, incident, words, "monitor")
