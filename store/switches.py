"""What people set by hand, and what must happen only once: pauses, API tokens, ticks."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.errors import Conflict
from core.ids import new_id
from core.pauses import EVERY_FLEET, Pause
from store.database import Database, Tx
from store.journal import Journal
from store.tables import pauses, ticks, tokens

_KEPT_TICKS = timedelta(days=2)


class Pauses:
    """The pause switch: nothing starts while it is on."""

    def __init__(self, database: Database, clock: Clock, journal: Journal) -> None:
        self._database, self._clock, self._journal = database, clock, journal

    def pause(self, scope: str, by: str, reason: str) -> Pause:
        """Pause a fleet, or every one. A second pause replaces the reason."""
        pause = Pause(scope=scope, by=by, reason=reason, at=self._clock.now())
        with self._database.write() as tx:
            tx.execute(delete(pauses).where(pauses.c.scope == scope))
            tx.execute(insert(pauses).values(**pause.model_dump()))
            self._journal.append(tx, "switch.paused", by, {"scope": scope, "reason": reason})
        return pause

    def resume(self, scope: str, by: str) -> None:
        """Let runs start again. Raises Conflict if *scope* was not paused."""
        with self._database.write() as tx:
            if tx.execute(delete(pauses).where(pauses.c.scope == scope)).rowcount == 0:
                raise Conflict(f"{'nothing' if scope == EVERY_FLEET else scope} is paused under that name")
            self._journal.append(tx, "switch.resumed", by, {"scope": scope})

    def in_force(self) -> list[Pause]:
        """Every pause in force."""
        with self._database.read() as tx:
            return [Pause.model_validate(dict(row)) for row in tx.all(select(pauses).order_by(pauses.c.scope))]

    def on(self, tx: Tx, fleet: str) -> str | None:
        """Who paused this fleet (or every one) and why, in words; None if nobody did."""
        row = tx.one(select(pauses).where(pauses.c.scope.in_([EVERY_FLEET, fleet])).order_by(pauses.c.at))
        return None if row is None else f"paused by {row['by']}: {row['reason']}"


class KnownToken(NamedTuple):
    """A token in force; the secret itself is kept nowhere."""

    name: str
    created_at: datetime


class Tokens:
    """API tokens: only their digests are stored."""

    def __init__(self, database: Database, clock: Clock, journal: Journal) -> None:
        self._database, self._clock, self._journal = database, clock, journal

    def any(self) -> bool:
        """True if at least one token exists."""
        with self._database.read() as tx:
            return tx.one(select(tokens.c.id).limit(1)) is not None

    def in_force(self) -> list[KnownToken]:
        """Every token, by name."""
        with self._database.read() as tx:
            rows = tx.all(select(tokens.c.name, tokens.c.created_at).order_by(tokens.c.name))
        return [KnownToken(row["name"], row["created_at"]) for row in rows]

    def make(self, name: str, by: str) -> str:
        """Make a token for *name* and return it: this is the only time that it can be seen. Raises Conflict."""
        secret = f"fm_{secrets.token_urlsafe(32)}"
        values = {"id": new_id("tok"), "name": name, "digest": _digest(secret), "created_at": self._clock.now()}
        try:
            with self._database.write() as tx:
                tx.execute(insert(tokens).values(**values))
                self._journal.append(tx, "token.made", by, {"token": values["id"], "name": name})
        except IntegrityError as error:
            raise Conflict(f"there is a token called {name!r} already; choose another name") from error
        return secret

    def revoke(self, name: str, by: str) -> bool:
        """End the token called *name*; False if there is none."""
        with self._database.write() as tx:
            gone = tx.execute(delete(tokens).where(tokens.c.name == name)).rowcount > 0
            if gone:
                self._journal.append(tx, "token.revoked", by, {"name": name})
        return gone

    def owner(self, secret: str) -> str | None:
        """The name that the token was made for, or None if there is no such token."""
        with self._database.read() as tx:
            row = tx.one(select(tokens.c.name).where(tokens.c.digest == _digest(secret)))
        return None if row is None else str(row["name"])


class Ticks:
    """Makes a schedule's tick happen once, however many beats fire it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, key: str, due_at: datetime) -> bool:
        """True for the first caller with this (key, due time), False for all others."""
        try:
            with self._database.write() as tx:
                tx.execute(insert(ticks).values(key=key, due_at=due_at))
                tx.execute(delete(ticks).where(ticks.c.key == key, ticks.c.due_at < due_at - _KEPT_TICKS))
        except IntegrityError:
            return False
        return True


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
