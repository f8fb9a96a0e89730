"""Celery's in-memory broker, with a doorbell that is heard at once: Kombu's own looks into its queues now and then.

In one process only, as ever: threads that send and threads that take share the queues.
"""

from __future__ import annotations

import threading
import time
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, memory

URL = "inprocess://"
_LOOKS_SECONDS = 0.2
"""The worker's loop gets to look around this often: whether it has to stop is not said through a queue."""


class _Bell:
    """Counts what happened, so that nobody misses what happens while he looks."""

    def __init__(self) -> None:
        self._condition, self._rung = threading.Condition(), 0

    @property
    def rung(self) -> int:
        return self._rung

    def ring(self) -> None:
        with self._condition:
            self._rung += 1
            self._condition.notify_all()

    def wait(self, since: int, seconds: float) -> None:
        """Return once it rang after *since*, or so many seconds have passed."""
        with self._condition:
            self._condition.wait_for(lambda: self._rung != since, seconds)


_BELL = _Bell()


class Channel(memory.Channel):
    """Rings when there is something to take, or room to take it."""

    def _put(self, queue: str, message: Any, **given: Any) -> None:
        super()._put(queue, message, **given)  # type: ignore[no-untyped-call]
        _BELL.ring()

    def basic_ack(self, delivery_tag: Any, multiple: bool = False) -> None:
        super().basic_ack(delivery_tag, multiple)  # type: ignore[no-untyped-call]
        _BELL.ring()


class Transport(memory.Transport):
    """Kombu's in-memory transport, but for the waiting."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **_given: Any) -> None:
        """Deliver one message. Raises TimeoutError if there is none for a while, *timeout* at most."""
        cycle: Any = self.cycle
        until = time.monotonic() + min(_LOOKS_SECONDS, _LOOKS_SECONDS if timeout is None else timeout)
        while True:
            rung = _BELL.rung
            try:
                cycle.get(self._deliver, timeout=timeout)
            except Empty:
                left = until - time.monotonic()
                if left <= 0:
                    raise TimeoutError from None
                _BELL.wait(rung, left)
            else:
                return


TRANSPORT_ALIASES[URL.removesuffix("://")] = f"{__name__}:Transport"
