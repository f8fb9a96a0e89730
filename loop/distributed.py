"""The loop in several processes, on as many machines as it takes: they share a database and a broker, and nothing else.

Nobody here ends a lease of somebody else: what a dead worker held runs out.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from celery.beat import EmbeddedService

from core.errors import BadInput
from core.settings import Settings
from fleets.source import FleetSource
from loop import memory_broker
from loop.beat import make_scheduler
from loop.celery_app import CeleryDoorbell, add_tasks, make_app
from loop.celery_worker import CeleryWorker
from loop.footing import stay_put
from loop.postman import Postman
from loop.wiring import Loop, wire
from runner.job import default_environment
from runner.settle import settle_left_runs, settle_looks

log = logging.getLogger(__name__)

_WORKER_STOPS_SECONDS, _BEAT_STOPS_SECONDS = 20.0, 10.0


def need_servers(settings: Settings) -> None:
    """Raise BadInput unless the settings name a database and a broker that several processes can share."""
    if settings.database_url is None or settings.database_url.startswith("sqlite"):
        problem = "several processes need a PostgreSQL: postgresql+psycopg://user:password@host/name; without one, "
        raise BadInput(problem + "`fleetmend up` runs everything in one process", key="FLEETMEND_DATABASE_URL")
    if settings.broker_url is None or settings.broker_url.startswith(("memory", memory_broker.URL)):
        problem = "several processes need a broker: redis://:password@host:6379/0; without one, "
        raise BadInput(problem + "`fleetmend up` runs everything in one process", key="FLEETMEND_BROKER_URL")


def open_loop(settings: Settings) -> Loop:
    """The loop for a process that answers people and advances nothing itself. Raises BadInput and Retryable."""
    need_servers(settings)
    return wire(settings, doorbell=CeleryDoorbell(make_app(settings)))


class LoopWorker:
    """Advances incidents and runs sweeps, as many at a time as FLEETMEND_WORKERS says."""

    def __init__(self, settings: Settings) -> None:
        """Wire the loop. Raises BadInput for content or settings that don't fit, Retryable without the database."""
        need_servers(settings)
        app = make_app(settings)
        self.loop = wire(settings, doorbell=CeleryDoorbell(app))
        add_tasks(app, self.loop)
        self._state = settings.state
        self._worker, self._house = CeleryWorker(app, settings.workers), ExitStack()
        self.unfinished = False
        """True if something was still at work when the time to stop was over. Its threads keep the process alive."""

    @property
    def name(self) -> str:
        """Who it is, as holder of leases."""
        return self.loop.context.worker

    @property
    def alive(self) -> bool:
        """False if it ended without having been told to."""
        return self._worker.alive

    def look_around(self) -> None:
        """End what workers that died on this machine left running."""
        for left in (*settle_left_runs(self._state), *settle_looks(self._state)):
            log.warning("ended what was left of %s: its worker died", left)

    def __enter__(self) -> Self:
        self.look_around()
        stay_put()
        self._house.enter_context(self.loop.context.presence)
        self._house.enter_context(Postman(self.loop.messenger))
        self._worker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop runs that are under way, for others to verify, and give everything back, within a bound."""
        self.loop.context.stopping.set()
        self.unfinished = not self._worker.stop(_WORKER_STOPS_SECONDS)
        self._house.close()
        self.loop.close()


class LoopBeat:
    """Fires sweeps, schedules and the reconciler. A second one does no harm: a tick happens once."""

    def __init__(self, settings: Settings) -> None:
        """Raises BadInput for settings that don't fit."""
        need_servers(settings)
        fleets = FleetSource(settings.content, environment=default_environment(settings))
        self._service = EmbeddedService(make_app(settings), thread=True, scheduler_cls=make_scheduler(fleets))

    @property
    def alive(self) -> bool:
        """False if it ended without having been told to."""
        return bool(self._service.is_alive())

    def __enter__(self) -> Self:
        self._service.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._service.service.stop(wait=False)
        self._service.join(_BEAT_STOPS_SECONDS)
