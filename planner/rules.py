"""The planner without a model: the best-ranked candidate that can be filled in; the others stand by as alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import Refused
from core.incidents import Incident
from core.plans import Alternative, Proposal, Step
from planner.candidate import Candidate
from planner.confidence import GUESSED, confidence_in
from planner.filling import fill

PROPOSER = "rules"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A candidate as a complete, checked step. `reasons` say why it fits, in words."""

    candidate: Candidate
    step: Step
    confidence: float
    reasons: tuple[str, ...]

    def as_alternative(self) -> Alternative:
        return Alternative(
            step=self.step,
            risk=self.candidate.remedy.risk,
            confidence=self.confidence,
            reason="; ".join(self.reasons),
        )


def offers(
    incident: Incident, candidates: Sequence[Candidate], words: frozenset[str] = frozenset()
) -> tuple[tuple[Offer, ...], tuple[str, ...]]:
    """Complete steps for *candidates*, in their order; and in words why the rest can't be filled in by rules."""
    complete: list[Offer] = []
    open_: list[str] = []
    for candidate in candidates:
        try:
            filled = fill(candidate, incident, words)
        except Refused as error:
            open_.append(str(error))
            continue
        confidence, why = confidence_in(candidate, candidates)
        if not filled.sure:
            confidence = min(confidence, GUESSED)
        reasons = (*_treats(candidate, incident), why, *filled.reasons)
        complete.append(Offer(candidate=candidate, step=filled.step, confidence=confidence, reasons=reasons))
    return tuple(complete), tuple(open_)


def propose(complete: Sequence[Offer], *, cap: float = 1.0, because: tuple[str, ...] = ()) -> Proposal:
    """Choose the first of *complete* (not empty). *cap* bounds every confidence; *because* precedes the reasons."""
    capped = [_capped(offer, cap) for offer in complete]
    first, *rest = capped
    return Proposal(
        steps=(first.step,),
        risk=first.candidate.remedy.risk,
        proposer=PROPOSER,
        confidence=first.confidence,
        reasons=(*because, *first.reasons),
        alternatives=tuple(offer.as_alternative() for offer in rest),
    )


def _capped(offer: Offer, cap: float) -> Offer:
    return Offer(
        candidate=offer.candidate, step=offer.step, confidence=min(offer.confidence, cap), reasons=offer.reasons
    )


def _treats(candidate: Candidate, incident: Incident) -> tuple[str, ...]:
    if not candidate.remedy.is_for(incident.symptom):
        return ()
    return (f"{candidate.id} treats {incident.symptom}",)
