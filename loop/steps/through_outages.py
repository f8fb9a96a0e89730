"""A run outlasts the database being away for a while: Ansible goes on, and what it said is stored afterwards.

It lasts as long as the lease does. Then others may have taken over, and the run is stopped.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from core.errors import LeaseLost, Retryable
from core.runs import ProcessRef, RunEvent
from loop.work import Work

log = logging.getLogger(__name__)

_CANCEL_LOOK_SECONDS = 0.5
_AGAIN_SECONDS = 0.5
Result = TypeVar("Result")


class Follower:
    """What the executor tells of one run, stored as soon as that can be done, and whether it has to stop."""

    def __init__(self, work: Work, run_id: str) -> None:
        self._work, self._run_id = work, run_id
        self._untold: list[Callable[[], None]] = []
        self._looked, self._cancelled = 0.0, False

    def on_event(self, event: RunEvent) -> None:
        """Store *event*, now or later."""
        self._untold.append(lambda: self._work.context.store.runs.record(event))
        self._tell()

    def on_process(self, process: ProcessRef) -> None:
        """Store which process it is, now or later."""
        self._untold.append(lambda: self._work.context.store.runs.follow(self._run_id, process))
        self._tell()

    def cancelled(self) -> bool:
        """True if somebody asked for it, this process ends, or the lease is gone."""
        if self._work.context.stopping.is_set() or self._work.keeper.lost:
            return True
        if time.monotonic() - self._looked >= _CANCEL_LOOK_SECONDS:
            self._looked = time.monotonic()
            try:
                self._cancelled = self._work.context.store.runs.cancelled(self._run_id)
            except Retryable as error:
                log.warning("%s goes on, whether it was cancelled or not: %s", self._run_id, error)
        return self._cancelled

    def _tell(self) -> None:
        while self._untold:
            try:
                self._untold[0]()
            except Retryable as error:
                log.warning("%s goes on; what it says is kept for later: %s", self._run_id, error)
                return
            del self._untold[0]

    def end(self) -> None:
        """Store what is left to be told."""
        while_ours(self._work, self._tell_all)

    def _tell_all(self) -> None:
        while self._untold:
            self._untold[0]()
            del self._untold[0]


def while_ours(work: Work, write: Callable[[], Result]) -> Result:
    """What *write* returns, tried again while the database is away and the lease is ours. Raises Retryable after."""
    while True:
        try:
            return write()
        except LeaseLost:
            raise
        except Retryable as error:
            if work.keeper.lost or work.context.stopping.wait(_AGAIN_SECONDS):
                raise
            log.warning("%s: trying again: %s", work.incident.id, error)
