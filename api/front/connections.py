"""All connections of one server: who may have one, who has to go for another one, and what they hold together.

Only the thread of the server's event loop comes here.
"""

from __future__ import annotations

import logging
import socket
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

from api.address import Network, household, is_within
from api.front.limits import Limits

log = logging.getLogger(__name__)

_TOLD_EVERY_SECONDS = 60.0


class Speaker(Protocol):
    """What speaks HTTP on a connection."""

    @property
    def waits(self) -> bool:
        """True if nothing is at work for it: the head of a request has not come, or not all of it."""

    @property
    def unread(self) -> int:
        """Bytes of answers that the other end has not taken yet."""

    def look(self, now: float, passed: float) -> None:
        """End it if something took too long; *passed* is how long ago the last look was."""

    def abort(self) -> None:
        """End it at once."""


class Connection:
    """One accepted connection. `speaker` is None while TLS is agreed upon; `since` is when it was used last."""

    def __init__(self, sock: socket.socket, address: str, since: float) -> None:
        self._socket, self.address, self.since = sock, address, since
        self.speaker: Speaker | None = None
        self.leaving = False

    @property
    def waits(self) -> bool:
        """True if it can be ended without ending any work."""
        return self.speaker is None or self.speaker.waits

    def end(self) -> None:
        """End it at once."""
        self.leaving = True
        if self.speaker is not None:
            self.speaker.abort()
            return
        try:
            self._socket.shutdown(socket.SHUT_RDWR)  # whoever agrees upon TLS here finds out
        except OSError:
            return


class Connections:
    """Takes and ends connections. *trusted*: proxies, which stand for many people; they have no share of their own."""

    def __init__(self, limits: Limits, tick: Callable[[], float], trusted: Iterable[Network] = ()) -> None:
        self.limits, self.tick = limits, tick
        self._trusted = tuple(trusted)
        self._all: dict[Connection, None] = {}
        self._of: Counter[str] = Counter()
        self._bodies = 0
        self._looked, self._told = tick(), tick() - _TOLD_EVERY_SECONDS

    def __len__(self) -> int:
        return len(self._all)

    @property
    def bodies(self) -> int:
        """Bytes of bodies of requests that are not answered yet."""
        return self._bodies

    def take(self, sock: socket.socket, peer: str) -> Connection | None:
        """The connection on *sock* from *peer*, or None if there is no room; the longest that waits goes for it."""
        address = household(peer)
        if sock.fileno() >= self.limits.top_descriptor:
            self._make_room(self._all)
            return None
        if self._of[address] >= self.limits.of_one_address and not is_within(peer, self._trusted):
            if not self._make_room(one for one in self._all if one.address == address):
                return None
        elif len(self._all) >= self.limits.connections and not self._make_room(self._all):
            return None
        one = Connection(sock, address, self.tick())
        self._all[one] = None
        self._of[address] += 1
        return one

    def gone(self, one: Connection) -> None:
        """*one* has ended."""
        if one in self._all:
            del self._all[one]
            self._forget(one)

    def make_room(self) -> None:
        """No descriptor is left: the connection that waits longest has to go."""
        self._make_room(self._all)

    def hold(self, size: int) -> bool:
        """Count so many bytes more of bodies; False, and nothing counted, if they would be too many."""
        if self._bodies + size > self.limits.bodies:
            self._tell("bodies of requests are turned away: %s bytes are being read", self._bodies)
            return False
        self._bodies += size
        return True

    def release(self, size: int) -> None:
        """Bytes that were counted are held no more."""
        self._bodies -= size

    def answers_pile_up(self) -> None:
        """Somebody does not read its answer: if they are too many together, the largest has to go."""
        unread = {one: one.speaker.unread for one in self._all if one.speaker is not None and not one.leaving}
        if sum(unread.values()) > self.limits.unread:
            self._tell("answers that nobody reads are dropped: %s bytes", sum(unread.values()))
            max(unread, key=lambda one: unread[one]).end()

    def look(self) -> None:
        """End what took too long. Call it about once a second."""
        now = self.tick()
        passed, self._looked = now - self._looked, now
        for one in list(self._all):
            if one.speaker is not None and not one.leaving:
                one.speaker.look(now, passed)

    def _make_room(self, among: Iterable[Connection]) -> bool:
        """End the oldest that waits, of the address that has the most of them. False if none waits."""
        waiting = [one for one in among if not one.leaving and one.waits]
        self._tell("there are %s connections: no more are taken, but for some that wait", len(self._all))
        if not waiting:
            return False
        most = max(self._of[one.address] for one in waiting)
        oldest = min((one for one in waiting if self._of[one.address] == most), key=lambda one: one.since)
        oldest.end()
        self.gone(oldest)
        return True

    def _forget(self, one: Connection) -> None:
        self._of[one.address] -= 1
        if self._of[one.address] <= 0:
            del self._of[one.address]

    def _tell(self, words: str, *values: object) -> None:
        """Log it, at most once a minute: strangers must not fill a disk with it."""
        now = self.tick()
        if now - self._told >= _TOLD_EVERY_SECONDS:
            self._told = now
            log.warning(words, *values)
