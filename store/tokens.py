"""API tokens: shown once, and stored as digests only. Each is a person's, and may do no more than that person may."""

from __future__ import annotations

import secrets
import time
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.digests import digest_of_secret
from core.errors import Conflict
from core.ids import new_id
from core.pauses import EVERY_FLEET
from core.people import Access, Grant, Role, narrowed
from core.points import Point
from store.database import Database
from store.journal import Journal
from store.lendings import Lendings, Way
from store.people import People, access_in
from store.people_tables import people, tokens

_LATELY_SECONDS = 0.25
_MOST_KNOWN = 100


class KnownToken(NamedTuple):
    """A token that was made; the secret itself is kept nowhere. It may do what `narrowed` leaves of its person's."""

    name: str
    person: str
    role: Role
    fleet: str
    created_at: datetime
    expires_at: datetime | None


class _Known(NamedTuple):
    at: float
    access: Access
    expires_at: datetime | None


class Tokens:
    """API tokens: only their digests are stored."""

    def __init__(self, database: Database, clock: Clock, journal: Journal, people: People) -> None:
        self._database, self._clock, self._journal, self._people = database, clock, journal, people
        self._known: dict[str, _Known] = {}
        self._changes = 0
        people.on_change = self.forget

    def any(self) -> bool:
        """True if at least one token exists."""
        with self._database.read() as tx:
            return tx.one(select(tokens.c.id).limit(1)) is not None

    def all(self) -> list[KnownToken]:
        """Every token, expired ones included, by name."""
        columns = [tokens.c[name] for name in KnownToken._fields]
        with self._database.read() as tx:
            rows = tx.all(select(*columns).order_by(tokens.c.name))
        return [KnownToken(**dict(row) | {"role": Role(row["role"])}) for row in rows]

    def make(
        self,
        name: str,
        by: str,
        *,
        person: str | None = None,
        role: Role = Role.ADMIN,
        fleet: str = EVERY_FLEET,
        expires_at: datetime | None = None,
        lender: str | None = None,
    ) -> str:
        """Make a token of *person* and return it: this is the only time that it can be seen. Raises Conflict, NotFound.

        It is limited to *role* and *fleet*. Without *person* it is of whoever is called as the token is; if there is
        nobody yet, he is added, and granted just that. *lender*: who makes it for somebody else over the API.
        """
        secret = f"fm_{secrets.token_urlsafe(32)}"
        values = {"id": new_id("tok"), "name": name, "person": person or name, "role": role.value, "fleet": fleet}
        times = {"created_at": self._clock.now(), "expires_at": expires_at}
        if person is not None:
            self._people.get(person)
        try:
            with self._database.write(Point.TOKENS_MAKE) as tx:
                if person is None and tx.one(select(people.c.name).where(people.c.name == name)) is None:
                    self._people.enter(tx, name, by, (Grant(role=role, fleet=fleet),))
                tx.execute(insert(tokens).values(**values, **times, digest=digest_of_secret(secret)))
                if lender is not None:
                    Lendings(self._clock).replace(tx, person or name, Way.TOKEN, lender, values["id"])
                until = None if expires_at is None else expires_at.isoformat()
                body = {"token": values["id"], "name": name, "person": person or name, "role": role, "fleet": fleet}
                self._journal.append(tx, "token.made", by, body | {"expires_at": until})
        except IntegrityError as error:
            raise Conflict(f"there is a token called {name!r} already; choose another name") from error
        return secret

    def revoke(self, name: str, by: str) -> bool:
        """End the token called *name*; False if there is none."""
        with self._database.write(Point.TOKENS_REVOKE) as tx:
            known = tx.one(select(tokens.c.id, tokens.c.person).where(tokens.c.name == name))
            gone = tx.execute(delete(tokens).where(tokens.c.name == name)).rowcount > 0
            if gone and known is not None:
                Lendings(self._clock).replace(tx, known["person"], Way.TOKEN, None, known["id"])
                self._journal.append(tx, "token.revoked", by, {"name": name})
        self.forget()
        return gone

    def owner(self, secret: str) -> Access | None:
        """What the token lets its person do now; None if there is no such token, or if it or its person is out."""
        began, digest, changes = time.monotonic(), digest_of_secret(secret), self._changes
        with self._database.read() as tx:
            row = tx.one(select(tokens).where(tokens.c.digest == digest))
            access = None if row is None else access_in(tx, row["person"], f"token:{row['name']}")
        if row is None or access is None or self._expired(row["expires_at"]):
            return None
        access = access.evolve(grants=narrowed(access.grants, Role(row["role"]), row["fleet"]))
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        if changes == self._changes:  # else what was read may not hold any more
            self._known[digest] = _Known(began, access, row["expires_at"])
        return access

    def owner_lately(self, secret: str) -> Access | None:
        """What `owner` found within the last quarter of a second; asks nobody, and so never waits.

        What another process took away is taken for there that long; what this one took away, or what expired, is not.
        """
        known = self._known.get(digest_of_secret(secret))
        if known is None or time.monotonic() - known.at >= _LATELY_SECONDS or self._expired(known.expires_at):
            return None
        return known.access

    def forget(self) -> None:
        """What was known of people and tokens does not hold any more."""
        self._changes += 1
        self._known.clear()

    def _expired(self, expires_at: datetime | None) -> bool:
        return expires_at is not None and expires_at <= self._clock.now()
