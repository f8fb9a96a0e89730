"""The witness that kills: it counts how often a process comes by each point, and ends it where it was told to."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from enum import StrEnum
from typing import NamedTuple

from core.points import Point


class Side(StrEnum):
    """Of a commit: `before`, all is written and nothing committed; `after`, it is, and nothing came after it."""

    BEFORE = "before"
    AFTER = "after"


class Kill(NamedTuple):
    """Where a process dies: the *number*th time (from 1) that it comes by *point*."""

    point: Point
    number: int
    side: Side

    def __str__(self) -> str:
        return f"{self.side} {self.point} #{self.number}"


class Killer:
    """Follows the points of this process; `passed` is all of them so far, in order."""

    def __init__(self, kill: Kill | None = None) -> None:
        self.passed: list[Point] = []
        self.renewed = threading.Event()
        self._kill = kill
        self._counts: Counter[tuple[Point, Side]] = Counter()
        self._lock = threading.Lock()

    def before(self, point: Point) -> None:
        self._come_by(point, Side.BEFORE)

    def after(self, point: Point) -> None:
        self._come_by(point, Side.AFTER)
        with self._lock:
            self.passed.append(point)
        if point is Point.LEASES_RENEW:
            self.renewed.set()

    def _come_by(self, point: Point, side: Side) -> None:
        with self._lock:
            self._counts[point, side] += 1
            here = Kill(point, self._counts[point, side], side)
        if here == self._kill:
            die()


def die() -> None:
    """SIGKILL to ourselves: no handler runs, no buffer is written, no lock is given back."""
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()


def kills_of(passed: list[Point]) -> list[Kill]:
    """Every place where a process that came by *passed* can be killed."""
    seen: Counter[Point] = Counter()
    found = []
    for point in passed:
        seen[point] += 1
        found += [Kill(point, seen[point], side) for side in Side]
    return found
