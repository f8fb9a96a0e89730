"""What was refused, for the journal: at most one entry a minute for the same, with a count, so that nobody can fill it.

Each process counts by itself. What is counted and not told yet when it ends is lost; that something was refused is not.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from core.clock import Clock
from core.errors import Retryable
from core.points import Point
from core.redaction import Redactor
from store.store import Store

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)
MOST_A_MINUTE = 30
"""Entries in all, whatever their kinds and addresses; what is beyond that is told as one of each kind."""
_MANY = "many addresses"
_LONGEST_REASON, _LONGEST_PATH = 500, 200


class Kind(StrEnum):
    """What can be refused, as the journal calls it."""

    REQUEST = "request.refused"
    """A law, the policy or a missing role said no."""
    TOKEN = "request.unauthorized"  # noqa: S105 - the name of an entry
    """No token or session, or none that is in force."""
    FORGED = "request.forged"
    """It came with a session's cookie, but not from a page of ours."""
    SIGN_IN = "sign_in.failed"
    LOCKED = "sign_in.locked"


class _What(NamedTuple):
    kind: Kind
    address: str
    actor: str
    path: str
    incident_id: str | None


@dataclass
class _Held:
    at: datetime
    more: int = 0
    reason: str = ""


class Refusals:
    """Tells the journal of *store* what was refused."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._held: dict[_What, _Held] = {}
        self._oldest: datetime | None = None
        """When what is held longest was told: for `overdue`, which waits for nobody."""
        self._minute, self._told = clock.now(), 0

    @property
    def overdue(self) -> bool:
        """True if something was counted for a minute, and is to be told."""
        oldest = self._oldest  # one read of one name: threads that tell change the rest meanwhile
        return oldest is not None and self._clock.now() - oldest >= EVERY

    def tell(
        self,
        kind: Kind,
        address: str,
        *,
        reason: str,
        path: str,
        actor: str = "somebody",
        incident_id: str | None = None,
    ) -> None:
        """Journal a refusal, or count it. *reason* is cut, and secrets in it are masked; *path* may hold none."""
        what = _What(kind, address, actor, path[:_LONGEST_PATH], incident_id)
        with self._lock:
            entries = self._let_go()
            if self._told >= MOST_A_MINUTE and what not in self._held:
                what = _What(kind, _MANY, "somebody", "", None)
            if (held := self._held.get(what)) is not None:
                held.more, held.reason = held.more + 1, reason
            else:
                self._held[what] = _Held(self._clock.now())
                entries.append((what, reason, 1))
                self._told += 1
            self._remember_oldest()
        self._write(entries)

    def tell_overdue(self) -> None:
        """Journal what was counted for a minute."""
        with self._lock:
            entries = self._let_go()
            self._remember_oldest()
        self._write(entries)

    def _remember_oldest(self) -> None:
        self._oldest = next((held.at for held in self._held.values()), None)

    def _let_go(self) -> list[tuple[_What, str, int]]:
        """Take out what has been held for long enough, and return what of it is to be told."""
        now = self._clock.now()
        if now - self._minute >= EVERY:
            self._minute, self._told = now, 0
        old = [what for what, held in self._held.items() if now - held.at >= EVERY]
        counted = [(what, held.reason, held.more) for what in old if (held := self._held.pop(what)).more]
        for what, _reason, _more in counted:
            self._held[what] = _Held(now)
        return counted

    def _write(self, entries: list[tuple[_What, str, int]]) -> None:
        if not entries:
            return
        try:
            with self._store.write(Point.REFUSALS_TELL) as tx:
                for what, reason, count in entries:
                    body = {"address": what.address, "path": what.path, "count": count, "reason": _in_short(reason)}
                    self._store.journal.append(tx, what.kind, what.actor, body, what.incident_id)
        except Retryable as problem:
            log.error("refusals could not be journalled: %s: %s", entries, problem)


def _in_short(reason: str) -> str:
    printable = " ".join("".join(one if one.isprintable() else " " for one in Redactor().text(reason)).split())
    return printable if len(printable) <= _LONGEST_REASON else printable[: _LONGEST_REASON - 1] + "…"
