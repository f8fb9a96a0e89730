"""Sessions of people who signed in. The secret is in the cookie alone; here are its digest and what goes with it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete, insert, or_, select, update

from core.clock import Clock
from core.digests import digest_of_secret
from core.people import Access
from core.points import Point
from store.database import Database
from store.journal import Journal
from store.people import access_in
from store.people_tables import sessions

LASTS, IDLE = timedelta(hours=12), timedelta(hours=1)
"""A session ends after the first at the latest, and after the second without a request."""
_SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is known when a session was last used: not every request has to write."""


class Session(NamedTuple):
    """A session in force. `csrf` is the secret that only our own pages know, beside the cookie."""

    access: Access
    csrf: str
    digest: str


class Sessions:
    """Opens, finds and ends sessions."""

    def __init__(self, database: Database, clock: Clock, journal: Journal) -> None:
        self._database, self._clock, self._journal = database, clock, journal

    def open(self, person: str, how: str, address: str) -> str:
        """Open a session of *person*, who showed by *how* that it is he, and return its secret for the cookie."""
        secret, now = secrets.token_urlsafe(32), self._clock.now()
        values = {"person": person, "digest": digest_of_secret(secret), "csrf": secrets.token_urlsafe(32)}
        over = or_(sessions.c.expires_at <= now, sessions.c.seen_at <= now - IDLE)
        with self._database.write(Point.SESSIONS_OPEN) as tx:
            tx.execute(delete(sessions).where(over))
            tx.execute(insert(sessions).values(**values, created_at=now, seen_at=now, expires_at=now + LASTS))
            body = {"person": person, "how": how, "address": address}
            self._journal.append(tx, "session.opened", f"person:{person}", body)
        return secret

    def of(self, secret: str) -> Session | None:
        """The session of this secret, if it is in force and its person may come in."""
        now, digest = self._clock.now(), digest_of_secret(secret)
        with self._database.read() as tx:
            row = tx.one(select(sessions).where(sessions.c.digest == digest, sessions.c.expires_at > now))
            if row is None or row["seen_at"] <= now - IDLE:
                return None
            access = access_in(tx, row["person"], "session")
        if access is None:
            return None
        if now - row["seen_at"] >= _SEEN_EVERY:
            with self._database.write(Point.SESSIONS_SEE) as tx:
                tx.execute(update(sessions).where(sessions.c.digest == digest).values(seen_at=now))
        return Session(access, row["csrf"], digest)

    def end(self, session: Session) -> None:
        """End a session: its cookie is worth nothing any more, wherever it is shown."""
        with self._database.write(Point.SESSIONS_END) as tx:
            if tx.execute(delete(sessions).where(sessions.c.digest == session.digest)).rowcount:
                self._journal.append(tx, "session.ended", session.access.by, {"person": session.access.person})
