"""What is over: incidents that wait end as resolved, once nothing that was folded into them fires any more."""

from __future__ import annotations

from collections.abc import Sequence

from core.detections import Signal
from core.incidents import Incident
from core.states import State
from loop.context import Context
from store.database import Tx


class Clearing:
    """Ends what cleared by itself, whether a sweep measured it or a source said so."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def firing(self, tx: Tx, fleet: str) -> frozenset[Signal]:
        """What fires in *fleet*: by measurement, or by an alert that is not over."""
        store = self._context.store
        return store.conditions.firing(tx, fleet) | store.alerts.firing(tx, fleet)

    def clear(
        self, tx: Tx, fleet: str, cleared: Sequence[Signal], *, actor: str, how: str = "cleared by itself"
    ) -> None:
        """Resolve what waits and cleared, and let muted problems be reported again.

        In the transaction that stores that they cleared: nobody says so again. If an incident moves on meanwhile, all
        of it is undone (Conflict).
        """
        store = self._context.store
        tx.serialise(f"sweep:{fleet}")
        touched = store.incidents.with_signals(tx, fleet, cleared)
        store.incidents.unmute_all(tx, fleet, cleared)
        firing = self.firing(tx, fleet)
        for incident in touched:
            if incident.state.waiting and firing.isdisjoint(store.incidents.signals(incident.id, tx)):
                self.resolve(tx, incident, f"{how} while {incident.state}", actor)

    def resolve(self, tx: Tx, incident: Incident, words: str, actor: str) -> None:
        """End *incident* as resolved."""
        self._context.store.incidents.move(tx, incident, State.RESOLVED, words, actor=actor)
