"""A clock that several processes share, and that one of them moves hours ahead while nobody else is at work."""

from __future__ import annotations

import fcntl
import mmap
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

_BOTH = struct.Struct("dd")
_LOOK_SECONDS = 0.005


class JumpingClock:
    """Made before the processes fork. It goes as fast as the machine's, apart from its jumps."""

    def __init__(self, gate: Path) -> None:
        self._gate = gate
        gate.touch()
        self._shared = mmap.mmap(-1, _BOTH.size)  # seconds jumped, and whether somebody is about to jump
        self._start, self._started = datetime.now(UTC), time.monotonic()

    def now(self) -> datetime:
        jumped, _ = _BOTH.unpack(self._shared[:])
        return self._start + timedelta(seconds=time.monotonic() - self._started + jumped)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While the block lasts, the clock does not jump."""
        while _BOTH.unpack(self._shared[:])[1]:
            time.sleep(_LOOK_SECONDS)
        with self._gate.open() as gate:
            fcntl.flock(gate, fcntl.LOCK_SH)
            yield

    def jump(self, by: timedelta) -> None:
        """Move ahead once nobody is at work."""
        jumped, _ = _BOTH.unpack(self._shared[:])
        self._shared[:] = _BOTH.pack(jumped, 1)
        with self._gate.open() as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            self._shared[:] = _BOTH.pack(jumped + by.total_seconds(), 0)
