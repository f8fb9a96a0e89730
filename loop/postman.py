"""The messenger's round, in a thread of its own: about once a second, and at once when somebody says so.

Whatever happens to it there, the loop goes on.
"""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Self

from core.errors import Retryable
from loop.messenger import Messenger

log = logging.getLogger(__name__)

_ROUND_SECONDS = 1.0
_STOPS_SECONDS = 10.0


class Postman:
    """Goes his rounds within `with`."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self._awake, self._done = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._go, name="messenger", daemon=True)

    def wake(self) -> None:
        """There is something to tell."""
        self._awake.set()

    def _go(self) -> None:
        failing = False
        while not self._done.is_set():
            try:
                self._messenger.look()
                failing = False
            except Retryable as error:
                if not failing:
                    log.warning("messages wait: %s", error)
                failing = True
            except Exception:
                # Told once: the next round is in a second, and the loop must not hear of it.
                if not failing:
                    log.exception("messages could not be told")
                failing = True
            self._awake.wait(_ROUND_SECONDS)
            self._awake.clear()

    def __enter__(self) -> Self:
        if not self._messenger.idle:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join(_STOPS_SECONDS)
        try:
            self._messenger.leave()
        except Retryable as problem:
            log.warning("another process delivers messages only in a while: %s", problem)
