"""The beat: fires every fleet's sweeps and schedules, and follows `fleet.yml` while it runs."""

from __future__ import annotations

import logging
from typing import Any

from celery.beat import Scheduler, SchedulingError
from celery.schedules import schedule as interval

from core.errors import FleetmendError
from fleets.source import FleetSource
from loop.schedules import BeatEntry, entries_of

log = logging.getLogger(__name__)

_RECONCILE_SECONDS = 1.0
_TICK_LASTS_SECONDS = 30.0
"""A tick that no worker took by then is dropped: where no worker runs, ticks must not pile up."""
_LOOK_AT_THE_HOUR_SECONDS = 300.0
"""More often than it happens, so that a process that is restarted every half an hour prunes too."""


def beat_entries(fleets: FleetSource) -> list[BeatEntry]:
    """Everything that is to be fired, the reconciler included. A fleet that can't be read is logged and left out."""
    entries = [
        BeatEntry("reconcile", "fleetmend.reconcile", (), interval(_RECONCILE_SECONDS)),
        BeatEntry("prune", "fleetmend.prune", (), interval(_LOOK_AT_THE_HOUR_SECONDS)),
    ]
    for name in fleets.names():
        try:
            entries += entries_of(name, fleets.file(name))
        except FleetmendError as error:
            log.error("the fleet %s is not watched: %s", name, error)
    return entries


def make_scheduler(fleets: FleetSource) -> type[Scheduler]:
    """A Celery scheduler class that reads *fleets* again at every tick (cheap: files are cached by signature)."""

    class FleetScheduler(Scheduler):  # type: ignore[misc]
        """Keeps what is the same, with its last run, and takes in what changed."""

        producer = None
        """Celery's own keeps one connection for good: once RabbitMQ has cut it, nothing would be sent any more. Each
        tick takes a connection from the application's pool instead, which makes a new one where that is needed."""

        def setup_schedule(self) -> None:
            self._follow()

        def tick(self, *arguments: Any, **options: Any) -> float:
            self._follow()
            return float(super().tick(*arguments, **options))

        def _follow(self) -> None:
            wanted = {entry.name: entry for entry in beat_entries(fleets)}
            for name in self.schedule.keys() - wanted.keys():
                del self.schedule[name]
            for name, entry in wanted.items():
                known = self.schedule.get(name)
                if known is None or known.schedule != entry.schedule:
                    self.add(
                        name=name,
                        task=entry.task,
                        args=entry.arguments,
                        schedule=entry.schedule,
                        options={"expires": _TICK_LASTS_SECONDS, "retry": False},
                    )

        def apply_entry(self, entry: Any, producer: Any = None) -> None:
            try:
                self.apply_async(entry, producer=producer, advance=False)
            except SchedulingError as error:
                log.warning("%s was not sent: %s", entry.name, str(error).splitlines()[0])

    return FleetScheduler
