"""One worker's hold on one incident: what a step gets, and the only way in which it moves the incident on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from catalog.catalog import Catalog
from core.fleets import Fleet
from core.incidents import Incident
from core.states import State
from core.symptoms import Symptom
from loop.context import Context
from loop.keeper import LeaseKeeper
from loop.sight import Sight
from monitor.detect import symptoms_of
from store.database import Tx


@dataclass(frozen=True)
class Work:
    """An incident as it was read, under a lease that is kept alive."""

    context: Context
    incident: Incident
    keeper: LeaseKeeper
    sight: Sight

    @property
    def now(self) -> datetime:
        return self.context.clock.now()

    @cached_property
    def fleet(self) -> Fleet:
        """The incident's fleet as its files were when the step first asked. Raises NotFound or BadInput."""
        return self.sight.fleet(self.incident.fleet)

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog as its files were when the step first asked. What runs is compared with its digest once more."""
        return self.sight.catalog()

    @property
    def symptoms(self) -> dict[str, Symptom]:
        """The symptoms that hold in the fleet, with its own thresholds."""
        return dict(symptoms_of(self.fleet, self.catalog.symptoms))

    def move(self, tx: Tx, to: State, reason: str, **changes: Any) -> Work:
        """Move the incident on (see `Incidents.move`), and return the work on it as it is then."""
        moved = self.context.store.incidents.move(tx, self.incident, to, reason, lease=self.keeper.lease, **changes)
        return replace(self, incident=moved)

    def postpone(self, tx: Tx, due_at: datetime | None, reason: str) -> None:
        """Keep the state, and look again at *due_at* (None: not by itself)."""
        self.context.store.leases.check(tx, self.keeper.lease)
        self.context.store.incidents.postpone(tx, self.incident, due_at, reason)

    def note(self, tx: Tx, kind: str, actor: str, body: dict[str, Any]) -> None:
        """Write into the journal about this incident."""
        self.context.store.journal.append(tx, kind, actor, body, self.incident.id)
