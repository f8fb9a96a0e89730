"""Who had a hand in an incident, beside its request and its plan: who reported it, and who may be one with whom."""

from __future__ import annotations

from collections.abc import Iterable

from core.model import Model


class Involved(Model):
    """People, each as `person:<name>`."""

    people: tuple[str, ...] = ()
    """Who reported it over the API, whoever could have reported with their token, and who chose its parameters."""
    pairs: tuple[tuple[str, str], ...] = ()
    """Somebody, and whoever gave them a password or a link to Slack: whoever gave it may come in as both."""

    def one_with(self, people: Iterable[str]) -> frozenset[str]:
        """*people*, and everybody who may be one of them."""
        found = set(people)
        grown = True
        while grown:
            more = {one for pair in self.pairs if not found.isdisjoint(pair) for one in pair} - found
            found |= more
            grown = bool(more)
        return frozenset(found)

    def apart(self, people: Iterable[str]) -> set[str]:
        """Of those of *people* who may be one, only the first by name."""
        left: set[str] = set()
        for one in sorted(set(people)):
            if left.isdisjoint(self.one_with({one})):
                left.add(one)
        return left
