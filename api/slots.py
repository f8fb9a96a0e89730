"""Slots: how much of what takes seconds, and a core, people may have at work at once; and of the same thing, one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import TooMany

_AGAIN_SECONDS = 5


class Slots:
    """So many at once, and none twice. Safe between threads; nobody waits."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._lock = threading.Lock()
        self._taken: set[str] = set()

    @contextmanager
    def taken(self, what: str) -> Iterator[None]:
        """Hold a slot for *what*. Raises TooMany if none is free, or if *what* is at work already."""
        with self._lock:
            if what in self._taken:
                raise TooMany("this is at work already, for somebody else; try again shortly", seconds=_AGAIN_SECONDS)
            if len(self._taken) >= self._number:
                words = f"{self._number} previews or checks are at work already; try again shortly"
                raise TooMany(words, seconds=_AGAIN_SECONDS)
            self._taken.add(what)
        try:
            yield
        finally:
            with self._lock:
                self._taken.discard(what)
