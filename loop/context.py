"""What every part of the loop works with, put together in `wiring.py` and nowhere else."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from catalog.catalog import Catalog
from catalog.source import CatalogSource
from core.clock import Clock
from core.fleets import Fleet
from core.ports import Doorbell, Executor, Prober, Recheck
from core.settings import Settings
from core.symptoms import Symptom
from fleets.source import FleetSource
from loop.binding import Binder
from loop.places import Places
from loop.presence import Presence
from monitor.detect import symptoms_of
from monitor.sweep import Sweeper
from planner.planner import Planner
from store.store import Store


@dataclass(frozen=True, kw_only=True)
class Context:
    """The collaborators of the loop. `stopping` is set when this process wants to end."""

    settings: Settings
    clock: Clock
    store: Store
    catalog_source: CatalogSource
    fleet_source: FleetSource
    binder: Binder
    planner: Planner
    executor: Executor
    prober: Prober
    sweeper: Sweeper
    recheck: Recheck
    doorbell: Doorbell
    presence: Presence
    worker: str
    """Who we are, as holder of leases: machine, process, start time."""
    sweep_places: Places
    model_places: Places
    """How many workers sweeps, and questions to a model, may take at once."""
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def catalog(self) -> Catalog:
        """The catalog as its files are now."""
        return self.catalog_source.current()

    def fleet(self, name: str) -> Fleet:
        """The fleet as its files are now. Raises NotFound or BadInput."""
        return self.fleet_source.get(name)

    def symptoms(self, fleet: Fleet) -> dict[str, Symptom]:
        """The symptoms that hold in *fleet*, with its own thresholds."""
        return dict(symptoms_of(fleet, self.catalog.symptoms))
