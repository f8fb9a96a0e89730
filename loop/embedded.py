"""The loop in one process: a Celery worker and the beat, in threads, over Celery's in-memory broker."""

from __future__ import annotations

import logging
import sys
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from celery.beat import EmbeddedService

from core.settings import Settings
from core.state_lock import own_state
from loop.beat import make_scheduler
from loop.celery_app import CeleryDoorbell, add_tasks, make_app
from loop.celery_worker import CeleryWorker
from loop.footing import stay_put
from loop.postman import Postman
from loop.wiring import wire
from runner.settle import settle_looks

log = logging.getLogger(__name__)

_STOPS_SECONDS = 20.0
_SWITCH_SECONDS = 0.0005


class Embedded:
    """Worker and beat, started and stopped together. One at a time owns a state folder."""

    def __init__(self, settings: Settings) -> None:
        """Wire the loop. Raises BadInput for content or settings that don't fit, Conflict if it runs already."""
        self._lock, self._house = own_state(settings.state), ExitStack()
        app = make_app(settings)
        self.loop = wire(settings, doorbell=CeleryDoorbell(app))
        add_tasks(app, self.loop)
        if settings.database_url is None:
            # Nobody else can hold a lease on this store: whoever did is dead, and need not be waited for.
            voided = self.loop.context.store.leases.void_all()
            log.info("%s leases of an earlier process were ended", voided)
        settle_looks(settings.state)
        self._worker = CeleryWorker(app, settings.workers)
        scheduler = make_scheduler(self.loop.context.fleet_source)
        self._beat = EmbeddedService(app, thread=True, scheduler_cls=scheduler)
        self.unfinished = False
        """True if something was still at work when the time to stop was over. Its threads keep the process alive."""

    def start(self) -> None:
        """Begin to work. What was left behind by an earlier process is taken up within a second."""
        # Threads that wait for the disk or the network all day must not wait for Python too: its default is 5 ms.
        sys.setswitchinterval(_SWITCH_SECONDS)
        stay_put()
        self._house.enter_context(self.loop.context.presence)
        postman = self._house.enter_context(Postman(self.loop.messenger))
        if self.loop.answers is not None:
            self.loop.answers.on_work = postman.wake
        self._worker.start()
        self._beat.start()

    def stop(self) -> None:
        """End the beat, stop runs that are under way (they are verified at the next start), and end the worker.

        Takes `_STOPS_SECONDS` at most: what is still at work then (a model or a host that does not answer) is left
        to the next start, and `unfinished` is set.
        """
        until = time.monotonic() + _STOPS_SECONDS
        self.loop.context.stopping.set()
        self._beat.service.stop(wait=False)
        ended = self._worker.stop(until - time.monotonic())
        self._beat.join(max(0.0, until - time.monotonic()))
        self.unfinished = not ended or self._beat.is_alive()
        self._house.close()
        self.loop.close()
        self._lock.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
