"""Who counts: how many people a plan needs, and whose yes it already has."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from catalog.catalog import Catalog
from core.approvals import Answer, Approval
from core.fleets import Fleet
from core.incidents import Incident
from core.plans import Plan, Proposal
from core.severity import Risk

_PERSON = "person:"


def risk_of(plan: Proposal, catalog: Catalog) -> Risk:
    """The highest risk that the plan or one of its remedies' cards states."""
    cards = [remedy.risk for step in plan.steps if (remedy := catalog.remedies.get(step.remedy)) is not None]
    return max([plan.risk, *cards])


def needed(plan: Proposal, fleet: Fleet, catalog: Catalog) -> int:
    """How many different people have to approve *plan*."""
    return fleet.file.policy.approve.approvers.needed(risk_of(plan, catalog))


def askers(incident: Incident, plan: Proposal) -> frozenset[str]:
    """The people who asked for this very thing, and whoever may be one with them.

    They made the request, reported the problem over the API, or chose the plan's parameters.
    """
    asked = {plan.proposer, incident.request.by if incident.request is not None else "", *incident.involved.people}
    return incident.involved.one_with(by for by in asked if by.startswith(_PERSON))


def voices(incident: Incident, plan: Plan, fleet: Fleet, approvals: Iterable[Approval], now: datetime) -> set[str]:
    """The people whose yes to *plan*, as it is, holds *now*. Each counts once; the policy is no person.

    Of people who may be one, a single one counts.
    """
    own = frozenset() if fleet.file.policy.approve.own else askers(incident, plan)
    return incident.involved.apart(
        one.by
        for one in approvals
        if one.answer is Answer.APPROVE
        and one.by.startswith(_PERSON)
        and one.by not in own
        and one.plan_hash == plan.hash
        and one.expires_at > now
    )
