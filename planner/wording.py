"""A request in words, without a model: which hosts and which remedy do its words name? No guess where two fit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.fleets import Fleet, Host
from core.remedies import Remedy
from planner.candidate import Candidate

_WORD = re.compile(r"[a-z0-9_][a-z0-9_.\-]*")
_SAY_NOTHING = frozenset(
    {
        "a",
        "an",
        "and",
        "at",
        "by",
        "for",
        "from",
        "in",
        "into",
        "it",
        "its",
        "not",
        "of",
        "off",
        "on",
        "or",
        "please",
        "the",
        "them",
        "to",
        "up",
        "with",
    }
)
_SHORTEST_STEM = 4
_EXACT = 1000
"""The score of a remedy whose id stands in the text: more than any words add up to."""


def words_of(text: str) -> frozenset[str]:
    """The words of *text*, in lower case, with the dots and dashes that names have inside them."""
    return frozenset(word.strip(".-") for word in _WORD.findall(text.lower())) - _SAY_NOTHING - {""}


def named_hosts(words: frozenset[str], fleet: Fleet) -> tuple[Host, ...]:
    """The fleet's hosts that *words* name."""
    return tuple(host for host in fleet.hosts if host.name.lower() in words)


def best(words: frozenset[str], candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates that fit *words* best: none, one, or several that fit equally well. In their order."""
    scores = {candidate.id: score(words, candidate) for candidate in candidates}
    highest = max(scores.values(), default=0)
    return tuple(candidate for candidate in candidates if highest > 0 and scores[candidate.id] == highest)


def score(words: frozenset[str], candidate: Candidate) -> int:
    """How well *candidate* fits: words of its id count double, words of its title and named entries add to that."""
    remedy = candidate.remedy
    if remedy.id in words:
        return _EXACT
    of_id = sum(_said(part, words) for part in remedy.id.split("_"))
    of_title = sum(_said(word, words) for word in words_of(remedy.title))
    if not of_id + of_title:
        return 0
    return 2 * of_id + of_title + 2 * bool(named_entries(words, candidate))


def named_entries(words: frozenset[str], candidate: Candidate) -> frozenset[str]:
    """The inventory entries among *candidate*'s choices that *words* name."""
    choices = (
        str(choice)
        for parameter in _inventory_parameters(candidate.remedy)
        for choice in candidate.properties.get(parameter, {}).get("enum", ())
    )
    return frozenset(choice for choice in choices if choice.lower() in words)


def _inventory_parameters(remedy: Remedy) -> tuple[str, ...]:
    return tuple(parameter.name for parameter in remedy.parameters if parameter.from_inventory)


def _said(part: str, words: frozenset[str]) -> bool:
    return any(_same(part, word) for word in words)


def _same(part: str, word: str) -> bool:
    """True for the same word, its plural, or a common stem of at least four letters: `cleanup` and `clean`."""
    if word in (part, f"{part}s", part.removesuffix("s")):
        return True
    shorter, longer = sorted((part, word), key=len)
    return len(shorter) >= _SHORTEST_STEM and longer.startswith(shorter)
