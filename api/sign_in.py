"""Signing in: whoever shows that he is somebody gets a session of that person.

The seam for other ways: a password is one way to a session, and an identity provider (OIDC) is one more. It would check
its own answer, find the person by `identities` (provider, subject) in `store/people.py`, and call `SignIn.open` below
with the provider's name as *how*. Everything behind the cookie stays as it is.
"""

from __future__ import annotations

from api.refusals import Kind, Refusals
from core.clock import Clock
from core.digests import digest_of_secret
from core.durations import format_duration
from core.errors import Refused, TooMany
from store.attempts import WINDOW
from store.store import Store

MOST_OF_ACCOUNT_HERE, MOST_OF_ACCOUNT, MOST_OF_ADDRESS = 5, 30, 30
"""Attempts in a quarter of an hour: for an account from one address, for an account, and from an address."""
WRONG = "this name and this password do not go together"
"""Says nothing of which one it was, nor whether there is anybody of that name."""
_PATH = "/sign-in"


class SignIn:
    """Opens sessions."""

    def __init__(self, store: Store, clock: Clock, refusals: Refusals) -> None:
        self._store, self._clock, self._refusals = store, clock, refusals

    def by_password(self, name: str, password: str, address: str) -> str:
        """Open a session for a name and its password; returns its secret. Raises TooMany, or Refused with `WRONG`."""
        self.check(name, password, address)
        return self.open(name, "password", address)

    def open(self, person: str, how: str, address: str) -> str:
        """Open a session of *person*, who has shown by *how* that it is he; returns its secret."""
        return self._store.sessions.open(person, how, address)

    def check(self, name: str, password: str, address: str) -> None:
        """Raise TooMany or Refused unless the person may come in, and it is his password."""
        # Names that nobody has are counted too, and people type passwords into the wrong field: only digests are kept.
        account = digest_of_secret(name.lower())
        here, everywhere = digest_of_secret(f"{account} {address}"), f"account:{account}"
        most = {here: MOST_OF_ACCOUNT_HERE, everywhere: MOST_OF_ACCOUNT, f"address:{address}": MOST_OF_ADDRESS}
        wait = self._store.attempts.take(most)
        if wait is not None:
            self._refusals.tell(Kind.LOCKED, address, reason="too many attempts", path=_PATH, actor=self._actor(name))
            words = f"too many attempts; try again in {format_duration(WINDOW)}"
            raise TooMany(words, seconds=int(wait.total_seconds()) + 1)
        right = self._store.passwords.right(name, password)
        if not right or self._store.people.access(name) is None:
            self._refusals.tell(Kind.SIGN_IN, address, reason=WRONG, path=_PATH, actor=self._actor(name))
            raise Refused(WRONG)
        self._store.attempts.forget(here, [one for one in most if one != here])

    def _actor(self, name: str) -> str:
        """Who it was about, if it is somebody: what else is typed there may be anything."""
        known = {person.name for person in self._store.people.all()}
        return f"person:{name}" if name in known else "somebody"
