"""Places: how many threads may do at once what takes long and does nothing here, such as asking hosts or a model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Places:
    """So many may be taken at a time. Whoever finds none does not wait."""

    def __init__(self, number: int) -> None:
        self._free = threading.Semaphore(number)

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """Hold a place, if there is one; says whether."""
        got = self._free.acquire(blocking=False)
        try:
            yield got
        finally:
            if got:
                self._free.release()


def half_of(workers: int) -> int:
    """How many workers sweeps, or models, may take: half of them, and at least one."""
    return max(1, workers // 2)
