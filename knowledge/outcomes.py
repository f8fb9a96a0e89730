"""The closed record of one plan, built from what was measured: law 9 lets only this into memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.ids import new_id
from core.incidents import Incident
from core.outcomes import Outcome, Verdict
from core.plans import Plan
from core.runs import Run


def make_outcome(
    incident: Incident,
    plan: Plan,
    runs: Sequence[Run],
    verdict: Verdict,
    reason: str,
    *,
    cleared_at: datetime | None,
    at: datetime,
) -> Outcome:
    """Close the record of *plan* with *verdict*.

    *cleared_at* is when the look came from which on the symptom was clear (None: it never was). Times are in seconds
    and never negative. A plan of several steps is recorded under its first.
    """
    step = plan.steps[0]
    ends = [run.ended_at for run in runs if run.ended_at is not None]
    ran = sum((run.ended_at - run.started_at).total_seconds() for run in runs if run.ended_at is not None)
    healing = (cleared_at - max(ends)).total_seconds() if cleared_at is not None and ends else 0.0
    return Outcome(
        id=new_id("out"),
        incident_id=incident.id,
        plan_id=plan.id,
        fleet=incident.fleet,
        host=incident.host,
        symptom=incident.symptom,
        subject=incident.subject,
        remedy=step.remedy,
        parameters=step.parameters,
        proposer=plan.proposer,
        verdict=verdict,
        reason=reason,
        detect_seconds=max(0.0, (plan.created_at - incident.opened_at).total_seconds()),
        run_seconds=max(0.0, ran),
        heal_seconds=max(0.0, healing),
        at=at,
    )
