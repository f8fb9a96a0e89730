"""Backpressure: what gives way when there is more to do than workers can do, before anything is dropped.

Sweeps give way to incidents: when too many wait, a sweep is left out (the next one measures the same), and that is seen
in the log and in the metrics. What takes long without doing anything here, sweeps and models, gets half of the workers
only (`places.py`).
"""

from __future__ import annotations

import logging

from core.errors import Retryable
from core.points import Point
from loop.context import Context
from store.counters import Counter

log = logging.getLogger(__name__)

LEFT_OUT = {
    "busy": Counter.SWEEPS_LEFT_OUT_BUSY,
    "overlap": Counter.SWEEPS_LEFT_OUT_OVERLAP,
    "no_room": Counter.SWEEPS_LEFT_OUT_NO_ROOM,
}
"""Why a sweep was left out: too many incidents wait; the one before still runs; too many other sweeps run."""
TRY_AGAIN_SECONDS = 1.0
"""When a sweep that found no place among the workers is tried again."""


class NoPlace(Retryable):
    """Too many other sweeps run now."""


def busy(context: Context) -> bool:
    """True if so many incidents are due that sweeps have to wait."""
    most = context.settings.most_due
    return context.store.incidents.count_due(context.clock.now(), most + 1) > most


def leave_out(context: Context, key: str, reason: str, words: str) -> None:
    """Say that the sweep *key* is left out."""
    log.warning("%s is left out: %s", key, words)
    try:
        with context.store.write(Point.BACKPRESSURE_LEAVE_OUT) as tx:
            context.store.counters.add(tx, LEFT_OUT[reason])
    except Retryable as error:
        log.warning("that could not be counted: %s", error)
