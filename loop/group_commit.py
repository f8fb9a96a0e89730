"""Group commit: posts that wait together are stored in one transaction, and each is answered when it is durable.

A commit costs a write to the disk, which is slow; sixteen posts that share one are sixteen times as many a second. For
callers on an event loop only: while one group is being stored in a thread, the next one gathers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from core.detections import Detection
from core.errors import Retryable
from store.detections import Accepted

LARGEST_GROUP = 1000
"""Detections in one transaction, or those of a single post if they are more."""

Storing = Callable[[Sequence[Detection]], list[Accepted]]


class _Waiting(NamedTuple):
    detections: Sequence[Detection]
    stored: asyncio.Future[list[Accepted]]


class _Queue:
    """What waits on one event loop."""

    def __init__(self) -> None:
        self.waiting: list[_Waiting] = []
        self.task: asyncio.Task[None] | None = None


class GroupCommit:
    """Stores what is submitted with *store*, which stores all that it is given in one transaction, or raises."""

    def __init__(self, store: Storing) -> None:
        self._store = store
        self._queues: WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue] = WeakKeyDictionary()

    async def submit(self, detections: Sequence[Detection]) -> list[Accepted]:
        """Store *detections*, all or none, beside whatever else waits. Returns when they are durable."""
        loop = asyncio.get_running_loop()
        queue = self._queues.setdefault(loop, _Queue())
        one = _Waiting(detections, loop.create_future())
        queue.waiting.append(one)
        if queue.task is None or queue.task.done():
            queue.task = loop.create_task(self._drain(queue))
        return await one.stored

    async def _drain(self, queue: _Queue) -> None:
        while queue.waiting:
            group = _next_group(queue.waiting)
            for one, result in zip(group, await asyncio.to_thread(self._store_group, group), strict=True):
                if one.stored.done():
                    continue  # whoever asked has gone; it is stored all the same
                if isinstance(result, Exception):
                    one.stored.set_exception(result)
                else:
                    one.stored.set_result(result)

    def _store_group(self, group: Sequence[_Waiting]) -> list[list[Accepted] | Exception]:
        """Store the group together; if that fails for a reason that may be one's alone, each by itself."""
        try:
            accepted = iter(self._store([detection for one in group for detection in one.detections]))
            return [[next(accepted) for _ in one.detections] for one in group]
        except Retryable as error:
            return [error for _ in group]
        except Exception as error:  # noqa: BLE001 - the border of a group: what one post made fail must not fail the others
            return [error] if len(group) == 1 else [self._store_group([one])[0] for one in group]


def _next_group(waiting: list[_Waiting]) -> list[_Waiting]:
    """Take as many as fit into one transaction out of *waiting*, in their order; always one."""
    size = fit = 0
    for one in waiting:
        size += len(one.detections)
        if fit and size > LARGEST_GROUP:
            break
        fit += 1
    group, waiting[:] = waiting[:fit], waiting[fit:]
    return group
