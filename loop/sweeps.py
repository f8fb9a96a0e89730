"""DETECT: one sweep over a fleet, from measuring to incidents opened and cleared."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from core.agents import Role
from core.detections import Signal
from core.errors import Conflict
from core.fleets import Fleet, Sweep
from core.ids import new_id
from core.importance import importance_of
from core.incidents import Incident
from core.samples import Phase
from core.states import State
from loop.context import Context
from loop.intake import Intake
from monitor.detect import assess

log = logging.getLogger(__name__)


class Sweeps:
    """Runs a fleet's sweeps; the same (sweep, due time) only once."""

    def __init__(self, context: Context, intake: Intake) -> None:
        self._context, self._intake = context, intake

    def tick(self, fleet_name: str, number: int, due_at: datetime) -> bool:
        """Run the fleet's sweep *number* that is due at *due_at*, unless that was done or the last one still runs."""
        context, key = self._context, f"sweep:{fleet_name}/{number}"
        if not context.store.ticks.claim(key, due_at):
            return False
        holder, longest = f"{context.worker}/{new_id('call')}", context.settings.probe_timeout * 2
        lease = context.store.leases.take_now(key, holder, longest)
        if lease is None:
            log.info("%s: the last one still runs; this one is left out", key)
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
        before = context.store.conditions.of(fleet.name)
        found = assess(fleet, context.symptoms(fleet), samples, before, context.clock.now())
        importance = {one.id: importance_of(fleet.host(one.host), one.service) for one in found.detections}
        with context.store.write() as tx:
            context.store.conditions.put(tx, fleet.name, found.conditions)
            accepted = self._intake.fold(tx, found.detections, importance)
        self._intake.ring(accepted)
        if found.cleared:
            self._clear(fleet, found.cleared)

    def _clear(self, fleet: Fleet, cleared: Sequence[Signal]) -> None:
        """Resolve what cleared by itself, and let muted problems be reported again."""
        store = self._context.store
        with store.write() as tx:
            touched = {one.id: one for signal in cleared for one in store.incidents.with_signal(tx, fleet.name, signal)}
            store.incidents.unmute_all(tx, fleet.name, cleared)
        unwell = store.conditions.unwell(fleet.name)
        firing = {Signal(one.host, one.symptom, one.subject) for one in unwell if one.phase is Phase.FIRING}
        for incident in touched.values():
            if incident.state.waiting and firing.isdisjoint(store.incidents.signals(incident.id)):
                self._resolve(incident)

    def _resolve(self, incident: Incident) -> None:
        try:
            with self._context.store.write() as tx:
                words = f"cleared by itself while {incident.state}"
                self._context.store.incidents.move(tx, incident, State.RESOLVED, words, actor="monitor")
        except Conflict:
            log.info("%s moved on while its symptom cleared", incident.id)
