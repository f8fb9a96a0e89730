"""What comes next when a plan did not heal: its own first alternative, if that is still what was checked."""

from __future__ import annotations

from catalog.catalog import Catalog
from core.plans import Plan, Proposal


def next_proposal(plan: Plan, catalog: Catalog, tried: frozenset[str]) -> Proposal | None:
    """Promote the first alternative of *plan* whose remedy is untried and still vetted with the same digest.

    *tried* are ids of remedies that already ran for the incident. Those behind the promoted one stay alternatives; None
    if there is none to promote.
    """
    for position, alternative in enumerate(plan.alternatives):
        remedy = catalog.remedies.get(alternative.step.remedy)
        if remedy is None or remedy.id in tried or not remedy.vetted or remedy.digest != alternative.step.digest:
            continue
        return Proposal(
            steps=(alternative.step,),
            risk=remedy.risk,
            proposer=plan.proposer,
            confidence=min(alternative.confidence, plan.confidence),
            reasons=(f"{plan.title} did not heal it", alternative.reason),
            alternatives=plan.alternatives[position + 1 :],
        )
    return None
