"""How much a connection may take, and how many there may be, so that the loop beside them always finds room.

`docs/howto/harden.md` tells people of these numbers.
"""

from __future__ import annotations

import contextlib
import logging
import os
import resource
from typing import NamedTuple

log = logging.getLogger(__name__)

_MOST_DESCRIPTORS = 65_536
"""More is of no use here, and what closes every possible descriptor before it starts a program would take long."""
_KEPT, _KEPT_A_WORKER, _KEPT_FOR_SWEEPS = 128, 24, 250
"""Descriptors of the database and the API's own threads, of a worker with an Ansible run, and of probes of a sweep."""
_FEWEST_CONNECTIONS = 16
_MARGIN = 8


class Limits(NamedTuple):
    """Bounds of one connection, and of all together. Times are in seconds, sizes in bytes."""

    connections: int = 500
    top_descriptor: int = 1 << 30
    """A connection whose descriptor is this one or a higher one is not taken: those are the loop's."""

    head: int = 32_768
    line: int = 8_192
    """The target of a request, or one of its headers."""
    headers: int = 100
    chunk_overhead: int = 65_536
    """What sizes, extensions and trailers of chunks may take beside eight times the body itself."""
    pipelined: int = 16
    """Requests that may wait behind one that is being answered."""
    bodies: int = 64_000_000
    """All bodies of requests that are not answered yet."""
    unread: int = 64_000_000
    """All answers that were not taken yet by whoever asked."""

    head_seconds: float = 10.0
    body_seconds: float = 60.0
    idle_seconds: float = 5.0
    handshake_seconds: float = 5.0
    linger_seconds: float = 5.0
    """How long a body is read and thrown away that was answered before it had come, so that the answer is read."""
    unread_seconds: float = 60.0

    @property
    def of_one_address(self) -> int:
        """Connections that one address may have."""
        return max(_FEWEST_CONNECTIONS // 2, self.connections // 2)


def limits_for(connections: int, workers: int) -> Limits:
    """The limits for a process with so many *workers*; fewer *connections* where it may open too few descriptors."""
    may_open = raise_descriptors()
    top = max(may_open - (_KEPT + _KEPT_A_WORKER * workers + _KEPT_FOR_SWEEPS), may_open // 4)
    room = max(_FEWEST_CONNECTIONS, top - _open_now() - _MARGIN)
    if room < connections:
        log.warning("%s connections at once instead of %s: the process may open %s files", room, connections, may_open)
    return Limits(connections=min(connections, room), top_descriptor=top)


def raise_descriptors() -> int:
    """Let the process open as many files as it may allow itself; returns how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # a container may forbid it: then it stays as it is
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    now = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _MOST_DESCRIPTORS if now == resource.RLIM_INFINITY else now


def _open_now() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names alone
    except OSError:
        return _KEPT
