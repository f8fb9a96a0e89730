"""The prefilter: which vetted remedies may be chosen for an incident at all. Deterministic, and the border of law 1.

Whatever answers later, rules or a model, answers out of this list. Ranking is here too, so that both see one order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from catalog.catalog import Catalog
from catalog.proof_rule import barred
from catalog.schemas import NotApplicable
from core.fleets import Fleet, Host
from core.incidents import Incident
from core.model import Scalar
from core.outcomes import Lesson
from core.remedies import Remedy
from planner.candidate import Candidate, make_candidate
from planner.confidence import estimate

MOST = 10
"""Candidates per incident. A short list helps a small model more than a bigger model does."""


@dataclass(frozen=True)
class Shortlist:
    """The candidates in order, and in words why the other remedies that came into question are not among them."""

    candidates: tuple[Candidate, ...]
    left_out: tuple[str, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(candidate.id for candidate in self.candidates)


def for_symptom(
    incident: Incident,
    hosts: Sequence[Host],
    fleet: Fleet,
    catalog: Catalog,
    *,
    tried: frozenset[str],
    lessons: Mapping[str, Lesson],
) -> Shortlist:
    """At most `MOST` remedies that treat the incident's symptom and may be used on *hosts* now, best first."""
    treating = [remedy for remedy in catalog.remedies.values() if remedy.is_for(incident.symptom)]
    found, left_out = _usable(treating, hosts, _Terms(fleet, tried, incident.evidence, lessons))
    return Shortlist(tuple(sorted(found, key=rank)[:MOST]), left_out)


def for_request(
    incident: Incident,
    hosts: Sequence[Host],
    fleet: Fleet,
    catalog: Catalog,
    *,
    tried: frozenset[str],
    meant: Callable[[Candidate], bool],
) -> Shortlist:
    """Every remedy that may be used on some of *hosts*: what a request in words may mean. Ordered by id, not cut.

    Each is on those hosts for which *meant* holds of the remedy on that host alone, or if there is none, on all that
    it applies to.
    """
    terms = _Terms(fleet, tried, incident.evidence, {})
    found: list[Candidate] = []
    left_out: list[str] = []
    for remedy in sorted(catalog.remedies.values(), key=lambda remedy: remedy.id):
        alone = [_usable([remedy], [host], terms)[0] for host in hosts]
        able = [candidate for candidates in alone for candidate in candidates]
        chosen = [candidate.hosts[0] for candidate in able if meant(candidate)] or [one.hosts[0] for one in able]
        usable, reasons = _usable([remedy], chosen or hosts, terms)
        found += usable
        left_out += reasons
    return Shortlist(tuple(found), tuple(left_out))


def rank(candidate: Candidate) -> tuple[bool, float, int, str]:
    """Sort key, best first: what changes something before what only looks; then history; then the more specific."""
    remedy = candidate.remedy
    return remedy.read_only, -estimate(candidate.lesson), len(remedy.treats), remedy.id


@dataclass(frozen=True)
class _Terms:
    """What decides, beside the remedy itself, whether it may be chosen."""

    fleet: Fleet
    tried: frozenset[str]
    evidence: Mapping[str, Scalar]
    lessons: Mapping[str, Lesson]


def _usable(
    remedies: Iterable[Remedy], hosts: Sequence[Host], terms: _Terms
) -> tuple[list[Candidate], tuple[str, ...]]:
    found: list[Candidate] = []
    left_out: list[str] = []
    for remedy in remedies:
        if not remedy.vetted:
            left_out.append(f"{remedy.id} is not vetted")
        elif remedy.id in terms.fleet.file.policy.never:
            left_out.append(f"{remedy.id} is in the fleet's policy.never")
        elif (no := barred(remedy, terms.fleet)) is not None:
            left_out.append(no)
        elif remedy.id in terms.tried:
            left_out.append(f"{remedy.id} was tried already")
        else:
            try:
                found.append(make_candidate(remedy, hosts, terms.evidence, terms.lessons.get(remedy.id)))
            except NotApplicable as error:
                left_out.append(str(error))
    return found, tuple(left_out)
