"""Whose turn it is to write, where a database has one writer: threads wait here, and go on at once.

SQLite itself would let them sleep and look again, longer every time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import Retryable


class Turn:
    """One writer at a time. Ordinary ones stand in line; an urgent one competes with the first of the line alone."""

    def __init__(self) -> None:
        self._writing, self._first_in_line = threading.Lock(), threading.Lock()

    @contextmanager
    def taken(self, seconds: float, *, urgent: bool = False) -> Iterator[None]:
        """Hold the turn. Raises Retryable if it does not come within so many seconds."""
        if urgent:
            _take(self._writing, seconds)
        else:
            _take(self._first_in_line, seconds)
            try:
                _take(self._writing, seconds)
            finally:
                self._first_in_line.release()
        try:
            yield
        finally:
            self._writing.release()


def _take(lock: threading.Lock, seconds: float) -> None:
    if not lock.acquire(timeout=seconds):
        raise Retryable(f"the database can't be used right now: others wrote to it for {seconds:g} s")
