"""API tokens: shown once, and stored as digests only."""

from __future__ import annotations

import hashlib
import secrets
import time
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.errors import Conflict
from core.ids import new_id
from core.points import Point
from store.database import Database
from store.journal import Journal
from store.tables import tokens

_LATELY_SECONDS = 0.25
_MOST_KNOWN = 100


class KnownToken(NamedTuple):
    """A token in force; the secret itself is kept nowhere."""

    name: str
    created_at: datetime


class Tokens:
    """API tokens: only their digests are stored."""

    def __init__(self, database: Database, clock: Clock, journal: Journal) -> None:
        self._database, self._clock, self._journal = database, clock, journal
        self._known: dict[str, tuple[float, str]] = {}

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
            with self._database.write(Point.TOKENS_MAKE) as tx:
                tx.execute(insert(tokens).values(**values))
                self._journal.append(tx, "token.made", by, {"token": values["id"], "name": name})
        except IntegrityError as error:
            raise Conflict(f"there is a token called {name!r} already; choose another name") from error
        return secret

    def revoke(self, name: str, by: str) -> bool:
        """End the token called *name*; False if there is none."""
        with self._database.write(Point.TOKENS_REVOKE) as tx:
            gone = tx.execute(delete(tokens).where(tokens.c.name == name)).rowcount > 0
            if gone:
                self._journal.append(tx, "token.revoked", by, {"name": name})
        self._known.clear()
        return gone

    def owner(self, secret: str) -> str | None:
        """The name that the token was made for, or None if there is no such token."""
        began, digest = time.monotonic(), _digest(secret)
        with self._database.read() as tx:
            row = tx.one(select(tokens.c.name).where(tokens.c.digest == digest))
        if row is None:
            return None
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[digest] = (began, str(row["name"]))
        return str(row["name"])

    def owner_lately(self, secret: str) -> str | None:
        """The owner, if `owner` found one within the last quarter of a second; asks nobody, and so never waits.

        A token that another process revoked is taken for that long; one that this process revoked is not.
        """
        at, name = self._known.get(_digest(secret), (0.0, None))
        return name if time.monotonic() - at < _LATELY_SECONDS else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
