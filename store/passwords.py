"""Passwords of people who sign in, hashed by Argon2. Nothing else of fleetmend knows how."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY
from sqlalchemy import delete, insert, select

from core.clock import Clock
from core.errors import BadInput, Retryable
from core.points import Point
from store.database import Database
from store.journal import Journal
from store.lendings import Lendings, Way
from store.people import People
from store.people_tables import passwords, sessions

SHORTEST, LONGEST = 12, 500
_AT_ONCE, _PATIENCE_SECONDS = 2, 5.0
"""A hash takes 64 MiB and a core for a moment: strangers may not have as many made as they like."""


class Passwords:
    """Sets and checks passwords."""

    def __init__(self, database: Database, clock: Clock, journal: Journal, people: People) -> None:
        self._database, self._clock, self._journal, self._people = database, clock, journal, people

    def set(self, name: str, password: str, by: str, *, lender: str | None = None, own: bool = False) -> None:
        """Set the password of the person called *name*, and end his sessions. Raises BadInput, NotFound.

        *lender*: the person who gives it to somebody else over the API. *own*: it is changed by whoever knew the one
        before, so that whoever gave that one may know this one, too.
        """
        if not SHORTEST <= len(password) <= LONGEST:
            words = f"a password has {SHORTEST} to {LONGEST} characters: a few words in a row are easy to keep in mind"
            raise BadInput(words, key="password")
        self._people.get(name)
        hashed = _hashed(password)
        with self._database.write(Point.PASSWORDS_SET) as tx:
            tx.execute(delete(passwords).where(passwords.c.person == name))
            tx.execute(insert(passwords).values(person=name, hash=hashed, changed_at=self._clock.now()))
            tx.execute(delete(sessions).where(sessions.c.person == name))
            if not own:
                Lendings(self._clock).replace(tx, name, Way.PASSWORD, lender)
            self._journal.append(tx, "password.set", by, {"person": name})

    def right(self, name: str, password: str) -> bool:
        """True if it is the password of the person called *name*. It takes as long if there is no such person."""
        with self._database.read() as tx:
            row = tx.one(select(passwords.c.hash).where(passwords.c.person == name))
        nobodys = _nobodys_hash()
        return _fits(nobodys if row is None else row["hash"], password) and row is not None


_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_places = threading.BoundedSemaphore(_AT_ONCE)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))


def _hashed(password: str) -> str:
    return _hasher.hash(_as_bytes(password))


def _fits(hashed: str, password: str) -> bool:
    if not _places.acquire(timeout=_PATIENCE_SECONDS):
        raise Retryable("too many people sign in at this moment; try again")
    try:
        return _hasher.verify(hashed, _as_bytes(password[: LONGEST + 1]))
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _places.release()


def _as_bytes(password: str) -> bytes:
    """The same bytes however a keyboard composes the characters."""
    return unicodedata.normalize("NFKC", password).encode(errors="surrogatepass")
