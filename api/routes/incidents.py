"""Incidents: what is wrong, what is planned about it, and people's decisions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.bodies import ApproveBody, ChangeBody, ReasonBody, SnoozeBody, UndoBody
from api.filters import IncidentFilter
from api.given import IncidentId, TheLoop, TheSlots, TheStore, Who
from api.views import IncidentDetail, IncidentView, PlanView, PreviewView
from core.people import Act

router = APIRouter(prefix="/incidents", tags=["incidents"])


@router.get("", summary="List incidents", response_model=list[IncidentView])
def list_incidents(wanted: Annotated[IncidentFilter, Query()], store: TheStore, who: Who) -> list[IncidentView]:
    """The newest incidents first."""
    newest = store.incidents.newest(**dict(wanted), fleets=who.access.fleets(Act.READ))
    return [IncidentView.of(incident) for incident in newest]


@router.get("/{incident_id}", summary="Show an incident", response_model=IncidentDetail)
def show_incident(incident_id: IncidentId, store: TheStore) -> IncidentDetail:
    """The incident with its detections, plans, approvals, runs, outcomes and entries of the journal."""
    return IncidentDetail.collect(store.incidents.get(incident_id), store)


@router.get("/{incident_id}/preview", summary="Foresee what a plan would change", response_model=PreviewView)
def preview_incident(incident_id: IncidentId, loop: TheLoop, slots: TheSlots) -> PreviewView:
    """Runs the incident's plan with `--check --diff` on its hosts, which takes seconds and changes nothing.

    Of a plan, one preview is at work at a time, and few in all: 429 with `Retry-After` says to wait.
    """
    with slots.taken(f"preview of {incident_id}"):
        plan, previews = loop.desk.preview(incident_id)
    return PreviewView(plan=PlanView.of(plan, loop.context.store), previews=tuple(previews))


@router.post("/{incident_id}/approve", summary="Approve an incident's plan", response_model=IncidentView)
def approve_incident(
    incident_id: IncidentId, loop: TheLoop, store: TheStore, who: Who, body: ApproveBody | None = None
) -> IncidentView:
    """Says yes to the plan as it is now; with `plan_hash`, only if it is still that one. Answers the incident.

    With `hosts`, the yes is to the narrower plan for these hosts, which takes the place of the wider one.

    The incident's `reason` says how many approvals are there, if one is not enough.
    """
    body = body or ApproveBody()
    given = loop.decisions.approve(
        incident_id, who.access, plan_hash=body.plan_hash, hosts=body.hosts, reason=body.reason
    )
    return IncidentView.of(store.incidents.get(given.incident_id))


@router.post("/{incident_id}/reject", summary="Reject an incident's plan", response_model=IncidentView)
def reject_incident(incident_id: IncidentId, body: ReasonBody, loop: TheLoop, who: Who) -> IncidentView:
    """Says no to the plan. The problem then stays quiet until it clears, or the fleet's time for an answer is over."""
    return IncidentView.of(loop.decisions.reject(incident_id, who.access, body.reason))


@router.post("/{incident_id}/change", summary="Change an incident's plan", status_code=201, response_model=PlanView)
def change_plan(incident_id: IncidentId, body: ChangeBody, loop: TheLoop, store: TheStore, who: Who) -> PlanView:
    """Puts other parameters, within the remedy's schema, or fewer hosts into the plan. Answers the new plan.

    It has a hash of its own; the policy rules on it anew, and somebody else than who changed it has to approve it.
    """
    made = loop.decisions.change(
        incident_id,
        who.access,
        parameters=body.parameters,
        hosts=body.hosts,
        step=body.step,
        plan_hash=body.plan_hash,
        reason=body.reason,
    )
    return PlanView.of(made, store)


@router.post("/{incident_id}/snooze", summary="Ask again later", response_model=IncidentView)
def snooze_incident(incident_id: IncidentId, body: SnoozeBody, loop: TheLoop, who: Who) -> IncidentView:
    """Puts off the question whether the plan may run. Nothing runs meanwhile."""
    return IncidentView.of(loop.decisions.snooze(incident_id, who.access, body.for_, body.reason))


@router.post("/{incident_id}/escalate", summary="Hand an incident to people", response_model=IncidentView)
def escalate_incident(incident_id: IncidentId, body: ReasonBody, loop: TheLoop, who: Who) -> IncidentView:
    """Takes the incident out of the loop's hands: people mend it, and close it."""
    return IncidentView.of(loop.decisions.escalate(incident_id, who.access, body.reason))


@router.post("/{incident_id}/close", summary="Close an escalated incident", response_model=IncidentView)
def close_incident(incident_id: IncidentId, body: ReasonBody, loop: TheLoop, who: Who) -> IncidentView:
    """Ends an escalated incident by hand."""
    return IncidentView.of(loop.desk.close(incident_id, who.access, body.reason))


@router.post("/{incident_id}/undo", summary="Take back what was done", status_code=201, response_model=IncidentView)
def undo_incident(incident_id: IncidentId, loop: TheLoop, who: Who, body: UndoBody | None = None) -> IncidentView:
    """Asks for the undo that the card of the remedy names, with the parameters that both have. Answers its incident.

    It becomes a plan under the same policy as any other.
    """
    named = None if body is None or body.run is None else body.run
    run_id = None if named is None else loop.context.store.runs.get(named, fleets=who.access.fleets(Act.READ)).id
    return IncidentView.of(loop.desk.undo(incident_id, who.access, run_id=run_id))
