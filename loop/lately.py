"""What was read a moment ago, for intake: it would otherwise look at every file of a fleet for each post."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
HOLDS_SECONDS = 0.25


class Lately(Generic[T]):
    """Remembers what *read* answered for a key for a quarter of a second. Safe between threads."""

    def __init__(self, read: Callable[[str], T], tick: Callable[[], float] = time.monotonic) -> None:
        self._read, self._tick = read, tick
        self._known: dict[str, tuple[float, T]] = {}

    def known(self, key: str) -> T | None:
        """What was read lately, or None: it never waits for anything."""
        found = self._known.get(key)
        return found[1] if found is not None and self._tick() - found[0] < HOLDS_SECONDS else None

    def get(self, key: str) -> T:
        """What was read lately, or is read now. Raises what *read* raises, and remembers no failure."""
        found = self.known(key)
        if found is None:
            began = self._tick()
            found = self._read(key)
            self._known[key] = (began, found)
        return found

    def put(self, key: str, value: T) -> None:
        """Take *value* for what was read just now."""
        self._known[key] = (self._tick(), value)
