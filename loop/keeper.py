"""Keeps leases alive while a step takes its time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

from core.errors import LeaseLost
from core.leases import Lease
from store.leases import Leases

log = logging.getLogger(__name__)


class LeaseKeeper:
    """Renews an incident's lease, and what is added to it, at a third of their life; gives all back at the end."""

    def __init__(
        self,
        leases: Leases,
        lease: Lease,
        ttl: timedelta,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        """*lease* was taken just now, for *ttl*. *pause* waits for some seconds, and returns True at the end."""
        self._leases, self.lease, self._ttl = leases, lease, ttl
        self._monotonic = monotonic
        self._held_until = monotonic() + ttl.total_seconds()
        self._held: list[Lease] = [lease]
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._pause = pause or self._done.wait
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"keeper {lease.name}", daemon=True)

    @property
    def lost(self) -> bool:
        """True if a lease was taken over, or may be by now: the work has to stop."""
        return self._lost.is_set() or self._monotonic() >= self._held_until

    def add(self, more: Sequence[Lease]) -> None:
        """Keep *more* alive too."""
        with self._lock:
            self._held.extend(more)

    def drop(self, leases: Sequence[Lease]) -> None:
        """Give *leases* back before the end."""
        with self._lock:
            self._held = [lease for lease in self._held if lease not in leases]
        self._leases.release_now(leases)

    def _renew(self) -> None:
        while not self._pause(self._ttl.total_seconds() / 3):
            asked_at = self._monotonic()
            with self._lock:
                held = list(self._held)
            try:
                self._leases.renew(held, self._ttl)
                self._held_until = asked_at + self._ttl.total_seconds()
            except LeaseLost as error:
                log.warning("%s", error)
                self._lost.set()
                return
            except Exception as error:  # noqa: BLE001 - a thread that ended here would lose the lease without a word
                log.warning("a lease could not be renewed yet: %s", error)
                if self.lost:  # others may have taken over by now, and a later renewal would not undo what they did
                    self._lost.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        with self._lock:
            held, self._held = self._held, []
        self._leases.release_now(held)
