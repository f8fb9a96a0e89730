"""What people and schedules ask for: a remedy by its id with parameters, or free words. Checked like all else."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.catalog import Catalog
from catalog.proof_rule import barred
from core.errors import Refused
from core.fleets import Fleet, Host
from core.incidents import Incident, Request
from core.plans import Abstention, Planning, Proposal
from planner.candidate import Candidate, make_candidate
from planner.candidates import Shortlist, for_request
from planner.confidence import GUESSED
from planner.filling import checked_step
from planner.rules import PROPOSER, offers, propose
from planner.wording import best, named_entries, named_hosts, words_of

_MOST_NAMED = 8


def plan_named(
    incident: Incident, hosts: tuple[Host, ...], fleet: Fleet, catalog: Catalog, tried: frozenset[str]
) -> Planning:
    """The remedy that the incident's request names, with its parameters, on *hosts*; who asks is the proposer."""
    request = _request_of(incident)
    remedy = catalog.remedies.get(request.remedy or "")
    problem = None
    if remedy is None:
        problem = f"there is no remedy {request.remedy!r}; list them with: fleetmend catalog list"
    elif not remedy.vetted:
        problem = f"{remedy.id} is not vetted; look at its changes, then: fleetmend catalog vet {remedy.id}"
    elif remedy.id in fleet.file.policy.never:
        problem = f"{remedy.id} is in the fleet's policy.never"
    elif (no := barred(remedy, fleet)) is not None:
        problem = no
    elif remedy.id in tried:
        problem = f"{remedy.id} was tried already"
    if remedy is None or problem is not None:
        return _refused(request.by, problem or "")
    try:
        candidate = make_candidate(remedy, hosts, incident.evidence)
        step = checked_step(candidate, incident, dict(request.parameters))
    except Refused as error:
        return _refused(request.by, str(error))
    proposal = Proposal(
        steps=(step,), risk=remedy.risk, proposer=request.by, confidence=1.0, reasons=(f"{request.by} asked for it",)
    )
    return Planning(result=proposal, candidates=(remedy.id,))


@dataclass(frozen=True)
class Meaning:
    """What a request's words settle before anything is chosen."""

    words: frozenset[str]
    shortlist: Shortlist
    """The remedies that may be meant, on the hosts that are named or have the entry that is named."""
    anywhere: bool
    """The request was made for a whole fleet of several hosts, and its words name none of them."""

    def needs_a_host(self, candidate: Candidate) -> bool:
        """True if *candidate* would change several hosts although nobody named any."""
        return self.anywhere and len(candidate.hosts) > 1 and not candidate.remedy.read_only


def meaning_of(
    incident: Incident, scope: tuple[Host, ...], fleet: Fleet, catalog: Catalog, tried: frozenset[str]
) -> Meaning:
    """Raises Refused if the request's text names a host of the fleet outside *scope*."""
    words = words_of(_request_of(incident).text)
    named = named_hosts(words, fleet)
    outside = [host.name for host in named if host not in scope]
    if outside:
        raise Refused(f"the request names {outside[0]}, which is not among the hosts that it was made for")
    shortlist = for_request(
        incident, named or scope, fleet, catalog, tried=tried, meant=lambda one: bool(named_entries(words, one))
    )
    return Meaning(words, shortlist, anywhere=not named and len(scope) == len(fleet.hosts) > 1)


def by_words(incident: Incident, meaning: Meaning, failure: tuple[str, ...]) -> Proposal | Abstention:
    """The one remedy that the words name, filled in; an abstention that says what they could mean otherwise."""
    candidates = meaning.shortlist.candidates
    fitting = best(meaning.words, candidates)
    if len(fitting) != 1:
        names = ", ".join(one.id for one in (fitting or candidates)[:_MOST_NAMED])
        problem = f"the request could mean {names}" if fitting else f"the request names no remedy; there are {names}"
        return Abstention(proposer=PROPOSER, reason="; ".join((*failure, f"{problem}; ask again with a remedy's id")))
    if meaning.needs_a_host(fitting[0]):
        names = ", ".join(fitting[0].host_names[:_MOST_NAMED])
        return Abstention(proposer=PROPOSER, reason=f"on which host? {fitting[0].id} could run on {names}; name one")
    complete, open_ = offers(incident, fitting, meaning.words)
    if not complete:
        return Abstention(proposer=PROPOSER, reason="; ".join((*failure, *open_)))
    return propose(complete, cap=GUESSED, because=(*failure, "matched by the words of the request"))


def _request_of(incident: Incident) -> Request:
    if incident.request is None:
        raise ValueError("the incident was not requested")
    return incident.request


def _refused(proposer: str, problem: str) -> Planning:
    return Planning(result=Abstention(proposer=proposer, reason=problem), candidates=(), refusals=(problem,))
