"""The PLAN step: an incident in, a checked proposal or an abstention out. Choosers may fail; the check stays."""

from __future__ import annotations

from catalog.catalog import Catalog
from core.errors import ModelFailed, Refused
from core.fleets import Fleet, Host
from core.incidents import Incident
from core.plans import Abstention, Planning, Proposal
from core.ports import Recall
from core.remedies import Remedy
from planner.candidates import MOST, Shortlist, for_symptom
from planner.chooser import Choice, Chooser, Question
from planner.confidence import FALLBACK, GUESSED, confidence_in
from planner.requests import by_words, meaning_of, plan_named
from planner.rules import PROPOSER, Offer, offers, propose
from planner.wording import score

_MOST_LISTED = 20
"""Remedies in the prompt's catalog; with more, only the candidates are listed, and the prefix is less constant."""
_MOST_NAMED = 8


class Planner:
    """Chooses with *chooser* (None: by rules), ranked by what *recall* knows."""

    def __init__(self, chooser: Chooser | None, recall: Recall) -> None:
        self._chooser, self._recall = chooser, recall

    def propose(
        self, incident: Incident, fleet: Fleet, catalog: Catalog, *, tried: frozenset[str] = frozenset()
    ) -> Planning:
        """Plan for *incident*. *tried* are ids of remedies that already ran for it, and are not proposed again."""
        request = incident.request
        who = request.by if request is not None and request.remedy is not None else self._name
        hosts = tuple(host for name in incident.scope if (host := fleet.host(name)) is not None)
        missing = sorted(set(incident.scope) - {host.name for host in hosts})
        if missing:
            reason = f"{missing[0]} is not a host of the fleet {fleet.name}"
            return _abstain(who, reason, refusals=(reason,) if request is not None else ())
        if request is None:
            return self._for_symptom(incident, hosts, fleet, catalog, tried)
        if request.remedy is not None:
            return plan_named(incident, hosts, fleet, catalog, tried)
        return self._for_words(incident, hosts, fleet, catalog, tried)

    @property
    def _name(self) -> str:
        return self._chooser.name if self._chooser is not None else PROPOSER

    def _for_symptom(
        self, incident: Incident, hosts: tuple[Host, ...], fleet: Fleet, catalog: Catalog, tried: frozenset[str]
    ) -> Planning:
        lessons = self._recall.lessons(fleet.name, incident.symptom)
        shortlist = for_symptom(incident, hosts, fleet, catalog, tried=tried, lessons=lessons)
        if not shortlist.candidates:
            return _abstain(PROPOSER, _nothing(f"treats {incident.symptom} here", shortlist))
        complete, open_ = offers(incident, shortlist.candidates)
        choice, refusals, failure = self._ask(incident, shortlist, catalog)
        if choice is not None:
            result = self._result(choice, incident, shortlist, complete)
        elif complete:
            result = propose(complete, cap=FALLBACK if failure else 1.0, because=failure)
        else:
            result = Abstention(proposer=PROPOSER, reason="; ".join((*failure, *open_)))
        if isinstance(result, Proposal):
            others = tuple(f"no choice: {why}" for why in (*shortlist.left_out, *open_))
            result = result.evolve(reasons=(*result.reasons, *others))
        return Planning(result=result, candidates=shortlist.ids, refusals=refusals)

    def _for_words(
        self, incident: Incident, hosts: tuple[Host, ...], fleet: Fleet, catalog: Catalog, tried: frozenset[str]
    ) -> Planning:
        try:
            meaning = meaning_of(incident, hosts, fleet, catalog, tried)
        except Refused as error:
            return _abstain(self._name, str(error), refusals=(str(error),))
        able = sorted(meaning.shortlist.candidates, key=lambda one: (-score(meaning.words, one), one.id))
        shortlist = Shortlist(tuple(able[:MOST]), meaning.shortlist.left_out)
        if not shortlist.candidates:
            return _abstain(PROPOSER, _nothing("can be used on these hosts", shortlist))
        choice, refusals, failure = self._ask(incident, shortlist, catalog)
        if choice is not None:
            result = self._result(choice, incident, shortlist, ())
        else:
            result = by_words(incident, meaning, failure)
        return Planning(result=result, candidates=shortlist.ids, refusals=refusals)

    def _ask(
        self, incident: Incident, shortlist: Shortlist, catalog: Catalog
    ) -> tuple[Choice | None, tuple[str, ...], tuple[str, ...]]:
        """The model's checked choice, or None with what law 1 refused and why the rules have to answer."""
        if self._chooser is None:
            return None, (), ()
        symptom = catalog.symptoms.get(incident.symptom)
        question = Question(
            incident=incident,
            symptom_title=symptom.title if symptom is not None else "asked for by a person",
            candidates=shortlist.candidates,
            listed=_listed(shortlist, catalog),
        )
        try:
            return self._chooser.choose(question), (), ()
        except ModelFailed as error:
            return None, (), (f"the rules chose, because {error}",)
        except Refused as error:
            return None, (str(error),), (f"the rules chose, because the model's answer was refused: {error}",)

    def _result(
        self, choice: Choice, incident: Incident, shortlist: Shortlist, complete: tuple[Offer, ...]
    ) -> Proposal | Abstention:
        says = f"the model says: {choice.reason or 'nothing'}"
        if choice.step is None:
            return Abstention(proposer=self._name, reason=says)
        step = choice.step
        candidate = next(one for one in shortlist.candidates if one.id == step.remedy)
        confidence, why = confidence_in(candidate, shortlist.candidates)
        if incident.request is not None:
            confidence, why = min(confidence, GUESSED), "chosen for a request in words"
        return Proposal(
            steps=(step,),
            risk=candidate.remedy.risk,
            proposer=self._name,
            confidence=confidence,
            reasons=(says, why),
            alternatives=tuple(offer.as_alternative() for offer in complete if offer.step.remedy != step.remedy),
        )


def _listed(shortlist: Shortlist, catalog: Catalog) -> tuple[Remedy, ...]:
    vetted = tuple(remedy for remedy in catalog.remedies.values() if remedy.vetted)
    return vetted if len(vetted) <= _MOST_LISTED else tuple(one.remedy for one in shortlist.candidates)


def _nothing(what: str, shortlist: Shortlist) -> str:
    reasons = "; ".join(shortlist.left_out[:_MOST_NAMED])
    return f"no remedy {what}" + (f": {reasons}" if reasons else "; add one to the catalog, or fix it by hand")


def _abstain(proposer: str, reason: str, *, refusals: tuple[str, ...] = ()) -> Planning:
    return Planning(result=Abstention(proposer=proposer, reason=reason), candidates=(), refusals=refusals)
