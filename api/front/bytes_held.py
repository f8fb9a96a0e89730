"""Bodies of whoever can show by nothing but the whole body who he is: each, and all together, are bounded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from core.errors import Retryable

MOST_OF_STRANGERS = 16_000_000
"""Bytes that senders who have not shown yet who they are may have read at the same time."""


class BodyTooLarge(Exception):
    """The body is larger than may be."""


class BytesHeld:
    """So many bytes may be held at a time. For the callers of one event loop."""

    def __init__(self, most: int = MOST_OF_STRANGERS) -> None:
        self._most, self._held = most, 0

    @contextmanager
    def some(self) -> Iterator[_Share]:
        """Count what is added to the share until the block ends."""
        share = _Share(self)
        try:
            yield share
        finally:
            self._held -= share.size

    def add(self, size: int) -> None:
        """Count so many bytes. Raises Retryable if they are too many."""
        if self._held + size > self._most:
            raise Retryable("too many bytes of senders who have not shown who they are; send it again")
        self._held += size


class _Share:
    """What one body takes."""

    def __init__(self, of: BytesHeld) -> None:
        self._of, self.size = of, 0

    def add(self, size: int) -> None:
        """Count so many bytes more. Raises Retryable."""
        self._of.add(size)
        self.size += size


async def read_body(stream: AsyncIterator[bytes], largest: int, share: _Share | None = None) -> bytes:
    """The body, of which nothing more is read once it is too large. Raises BodyTooLarge; Retryable if all share is.

    With a *share*, what is read counts there.
    """
    parts, size = [], 0
    async for part in stream:
        size += len(part)
        if size > largest:
            raise BodyTooLarge
        if share is not None:
            share.add(len(part))
        parts.append(part)
    return b"".join(parts)
