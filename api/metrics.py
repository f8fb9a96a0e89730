"""Numbers for Prometheus, read from the database at every scrape: each process of an installation tells the same."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from core.clock import Clock
from core.states import State
from loop.backpressure import LEFT_OUT
from store.counters import Counter
from store.store import Store

_MOST_OPEN_RUNS = 10_000
_MOST_DUE = 10_000


class StoreCollector(Collector):
    """Counts what the store holds."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def describe(self) -> list[Metric]:
        """Nothing: the database is not asked before somebody scrapes."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Ask the database. Raises Retryable if it can't be used."""
        incidents = GaugeMetricFamily("fleetmend_incidents", "Incidents by fleet and state", labels=["fleet", "state"])
        counts = self._store.incidents.counts()
        for fleet in sorted({fleet for fleet, _ in counts}):
            for state in State:
                incidents.add_metric([fleet, state.value], counts.get((fleet, state), 0))
        yield incidents

        due = GaugeMetricFamily("fleetmend_incidents_due", "Incidents that are due and that nobody works on")
        due.add_metric([], self._store.incidents.count_due(self._clock.now(), _MOST_DUE))
        yield due

        runs = GaugeMetricFamily("fleetmend_runs_open", "Runs that have not ended, by fleet", labels=["fleet"])
        running = Tally(run.fleet for run in self._store.runs.newest(open_only=True, limit=_MOST_OPEN_RUNS))
        for fleet in sorted({fleet for fleet, _ in counts}):
            runs.add_metric([fleet], running[fleet])
        yield runs

        detections = CounterMetricFamily("fleetmend_detections_accepted", "Detections that were accepted and stored")
        detections.add_metric([], self._store.detections.count())
        yield detections

        left_out = CounterMetricFamily(
            "fleetmend_sweeps_left_out", "Sweeps that were left out, by reason", labels=["reason"]
        )
        counted = self._store.counters.all()
        for reason, counter in LEFT_OUT.items():
            left_out.add_metric([reason], counted[counter].value)
        yield left_out

        entries = CounterMetricFamily("fleetmend_journal_entries", "Entries of the journal")
        entries.add_metric([], next((entry.seq for entry in self._store.journal.last(1)), 0))
        yield entries

        reconciled = CounterMetricFamily(
            "fleetmend_reconciled",
            "What was taken up again: incidents rung for, runs of dead workers settled, approvals that ran out",
            labels=["kind"],
        )
        for kind in (Counter.RUNG, Counter.SETTLED, Counter.EXPIRED):
            reconciled.add_metric([kind.value], counted[kind].value)
        yield reconciled

        looked = GaugeMetricFamily(
            "fleetmend_reconciler_last_look_timestamp_seconds", "When the reconciler looked last"
        )
        looked.add_metric([], counted[Counter.LOOKS].at.timestamp())
        yield looked


def make_registry(store: Store, clock: Clock) -> CollectorRegistry:
    """A registry of its own: nothing is shared between two applications in one process."""
    registry = CollectorRegistry()
    registry.register(StoreCollector(store, clock))
    return registry
