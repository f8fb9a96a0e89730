"""Group commit: posts that wait together are stored in one transaction, and each is answered when it is durable.

A commit costs a write to the disk, which is slow; sixteen posts that share one are sixteen times as many a second. For
callers on an event loop only: while one group is being stored in a thread, the next one gathers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from core.errors import Retryable

LARGEST_GROUP = 1000
"""Detections or alerts in one transaction, or those of a single post if they are more."""

Item = TypeVar("Item")
Stored = TypeVar("Stored")


class _Waiting(NamedTuple, Generic[Item, Stored]):
    items: Sequence[Item]
    size: int
    stored: asyncio.Future[list[Stored]]


class _Queue(Generic[Item, Stored]):
    """What waits on one event loop."""

    def __init__(self) -> None:
        self.waiting: list[_Waiting[Item, Stored]] = []
        self.task: asyncio.Task[None] | None = None


class GroupCommit(Generic[Item, Stored]):
    """Stores what is submitted with *store*, which stores all that it is given in one transaction, or raises.

    *store* answers one thing for each item. *size_of* says what an item counts for a group.
    """

    def __init__(
        self, store: Callable[[Sequence[Item]], list[Stored]], size_of: Callable[[Item], int] = lambda _item: 1
    ) -> None:
        self._store, self._size_of = store, size_of
        self._queues: WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue[Item, Stored]] = WeakKeyDictionary()

    async def submit(self, items: Sequence[Item]) -> list[Stored]:
        """Store *items*, all or none, beside whatever else waits. Returns when they are durable."""
        loop = asyncio.get_running_loop()
        queue = self._queues.setdefault(loop, _Queue[Item, Stored]())
        one = _Waiting[Item, Stored](items, sum(map(self._size_of, items)), loop.create_future())
        queue.waiting.append(one)
        if queue.task is None or queue.task.done():
            queue.task = loop.create_task(self._drain(queue))
        return await one.stored

    async def _drain(self, queue: _Queue[Item, Stored]) -> None:
        while queue.waiting:
            group = _next_group(queue.waiting)
            for one, result in zip(group, await asyncio.to_thread(self._store_group, group), strict=True):
                if one.stored.done():
                    continue  # whoever asked has gone; it is stored all the same
                if isinstance(result, Exception):
                    one.stored.set_exception(result)
                else:
                    one.stored.set_result(result)

    def _store_group(self, group: Sequence[_Waiting[Item, Stored]]) -> list[list[Stored] | Exception]:
        """Store the group together; if that fails for a reason that may be one's alone, each by itself."""
        try:
            stored = iter(self._store([item for one in group for item in one.items]))
            return [[next(stored) for _ in one.items] for one in group]
        except Retryable as error:
            return [error for _ in group]
        except Exception as error:  # noqa: BLE001 - the border of a group: what one post made fail must not fail the others
            return [error] if len(group) == 1 else [self._store_group([one])[0] for one in group]


def _next_group(waiting: list[_Waiting[Item, Stored]]) -> list[_Waiting[Item, Stored]]:
    """Take as many as fit into one transaction out of *waiting*, in their order; always one."""
    size = fit = 0
    for one in waiting:
        size += one.size
        if fit and size > LARGEST_GROUP:
            break
        fit += 1
    group, waiting[:] = waiting[:fit], waiting[fit:]
    return group
