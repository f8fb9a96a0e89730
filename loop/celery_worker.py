"""A Celery worker in a thread: the pool of threads that advance incidents and run sweeps."""

from __future__ import annotations

import threading
import warnings
from typing import Any

from celery import Celery, bootsteps
from celery.apps.worker import Worker
from celery.platforms import EX_OK, SecurityWarning
from celery.worker import state

_LOOKS_SECONDS = 0.2


class _Wakes(bootsteps.StartStopStep):  # type: ignore[misc]
    """Lets the worker's loop look around: without a signal to wake it, it would notice its end many seconds late."""

    requires = ("celery.worker.consumer:Tasks",)

    def start(self, parent: Any) -> None:
        if parent.timer is not None:
            parent.timer.call_repeatedly(_LOOKS_SECONDS, lambda: None)


class CeleryWorker:
    """Started and stopped from outside; one in a process."""

    def __init__(self, app: Celery, threads: int) -> None:
        app.steps["consumer"].add(_Wakes)
        self._worker = _worker(app, threads)
        self._thread = threading.Thread(target=self._worker.start, name="worker", daemon=True)

    def start(self) -> None:
        """Begin to take tasks. A broker that is away is waited for."""
        state.should_stop = None
        self._thread.start()

    @property
    def alive(self) -> bool:
        """False once the worker has ended, which it does not do by itself."""
        return self._thread.is_alive()

    def stop(self, seconds: float) -> bool:
        """Take no more tasks, and wait so long for those at hand. False if one of them goes on still."""
        # Its own stop() is for its own thread. This mark is what its signal handlers set.
        state.should_stop = EX_OK
        if self._thread.ident is not None:
            self._thread.join(max(0.0, seconds))
        return not self.alive


def _worker(app: Celery, threads: int) -> Worker:
    with warnings.catch_warnings():
        # Celery warns root of messages from strangers; ours carry JSON, and in it ids alone.
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
