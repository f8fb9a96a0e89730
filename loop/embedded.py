"""The loop in one process: a Celery worker and the beat, in threads, over Celery's in-memory broker."""

from __future__ import annotations

import fcntl
import logging
import threading
import time
import warnings
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from celery import Celery
from celery.apps.worker import Worker
from celery.beat import EmbeddedService
from celery.platforms import SecurityWarning

from core.errors import Conflict
from core.settings import Settings
from loop.beat import make_scheduler
from loop.celery_app import CeleryDoorbell, add_tasks, make_app
from loop.wiring import wire
from runner.settle import settle_looks

log = logging.getLogger(__name__)

_STOPS_SECONDS = 20.0


class Embedded:
    """Worker and beat, started and stopped together. One at a time owns a state folder."""

    def __init__(self, settings: Settings) -> None:
        """Wire the loop. Raises BadInput for content or settings that don't fit, Conflict if it runs already."""
        self._lock = _own(settings.state)
        app = make_app(settings)
        self.loop = wire(settings, doorbell=CeleryDoorbell(app))
        add_tasks(app, self.loop)
        if settings.database_url is None:
            # Nobody else can hold a lease on this store: whoever did is dead, and need not be waited for.
            voided = self.loop.context.store.leases.void_all()
            log.info("%s leases of an earlier process were ended", voided)
        settle_looks(settings.state)
        self._app, self._worker = app, _worker(app, settings.workers)
        scheduler = make_scheduler(self.loop.context.fleet_source)
        self._beat = EmbeddedService(app, thread=True, scheduler_cls=scheduler)
        self._thread = threading.Thread(target=self._worker.start, name="worker", daemon=True)
        self.unfinished = False
        """True if something was still at work when the time to stop was over. Its threads keep the process alive."""

    def start(self) -> None:
        """Begin to work. What was left behind by an earlier process is taken up within a second."""
        self._thread.start()
        self._beat.start()

    def stop(self) -> None:
        """End the beat, stop runs that are under way (they are verified at the next start), and end the worker.

        Takes `_STOPS_SECONDS` at most: what is still at work then (a model or a host that does not answer) is left
        to the next start, and `unfinished` is set.
        """
        until = time.monotonic() + _STOPS_SECONDS
        self.loop.context.stopping.set()
        self._beat.service.stop(wait=False)
        # Celery's own stop waits for its tasks, without an end.
        stopper = threading.Thread(target=self._worker.stop, name="stopper", daemon=True)
        stopper.start()
        for thread in (stopper, self._thread, self._beat):
            thread.join(max(0.0, until - time.monotonic()))
            self.unfinished = self.unfinished or thread.is_alive()
        self.loop.close()
        self._lock.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _worker(app: Celery, threads: int) -> Worker:
    with warnings.catch_warnings():
        # Celery warns root of messages from strangers; these come from this process alone, and carry JSON.
        warnings.simplefilter("ignore", SecurityWarning)
        return app.Worker(
            pool="threads",
            concurrency=threads,
            loglevel="WARNING",
            without_heartbeat=True,
            without_gossip=True,
            without_mingle=True,
            quiet=True,
        )


def _own(state: Path) -> IO[str]:
    """Hold the state folder's lock until the file is closed. Raises Conflict if another process holds it."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (state / "up.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise Conflict(f"fleetmend is already running on {state}; stop it, or set another FLEETMEND_STATE") from None
    return lock
