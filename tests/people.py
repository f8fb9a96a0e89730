"""People for tests."""

from __future__ import annotations

from core.people import Access


def owner(name: str) -> Access:
    """Somebody who may do everything, as who owns the state folder may."""
    return Access.owner(name)


ME, YOU, ADA, BOB = map(owner, ("me", "you", "ada", "bob"))
