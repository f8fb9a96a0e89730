"""The pages of incidents: the live ones, and one with its plan, all that it would change, and the forms to decide."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form, Request, Response
from starlette.responses import RedirectResponse

from api.given import IncidentId, TheLoop, TheStore, Who
from api.pages.looks import new_router, page
from api.views import MOST_ENTRIES
from core.errors import BadInput
from core.people import Act
from core.states import State

router = new_router()

_MOST = 200
_DECIDABLE = (State.PLANNED, State.AWAITING_APPROVAL)
_Reason = Annotated[str, Form(max_length=500)]
_Hash = Annotated[str, Form(pattern="^[0-9a-f]{64}$")]


@router.get("/")
def first_page() -> Response:
    """Where one comes in."""
    return RedirectResponse("/incidents", 303)


@router.get("/incidents")
def live_incidents(request: Request, store: TheStore, who: Who) -> Response:
    """The live incidents of the fleets that one may read, newest first."""
    found = store.incidents.newest(live=True, limit=_MOST, fleets=who.access.fleets(Act.READ))
    return page(request, "incidents.html", incidents=found, most=_MOST)


@router.get("/incidents/{incident_id}")
def incident_page(request: Request, incident_id: IncidentId, store: TheStore, who: Who) -> Response:
    """One incident, with what a yes to its plan would be a yes to."""
    with store.read():
        incident = store.incidents.get(incident_id)
        plan = None if incident.plan_id is None else store.plans.get(incident.plan_id)
        values: dict[str, Any] = {
            "incident": incident,
            "plan": plan,
            "ask": None if plan is None else store.asks.get(plan.id),
            "foreseen": None if plan is None else store.foreseen.get(plan.id),
            "approvals": [] if plan is None else store.approvals.of(plan.id),
            "runs": store.runs.newest(incident_id=incident.id),
            "entries": store.journal.last(MOST_ENTRIES, incident_id=incident.id),
        }
    decides = plan is not None and incident.state in _DECIDABLE and who.access.may(Act.DECIDE, incident.fleet)
    hosts = [] if plan is None else sorted({host for step in plan.steps for host in step.hosts})
    return page(request, "incident.html", **values, decides=decides, hosts=hosts)


@router.post("/incidents/{incident_id}/approve")
def approve(
    incident_id: IncidentId,
    loop: TheLoop,
    who: Who,
    plan_hash: _Hash,
    hosts: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    reason: _Reason = "",
) -> Response:
    """Say yes to the plan that was shown, for the hosts that are ticked."""
    if not hosts:
        raise BadInput("tick at least one host, or reject the plan", key="hosts")
    incident = loop.context.store.incidents.get(incident_id)
    plan = None if incident.plan_id is None else loop.context.store.plans.get(incident.plan_id)
    every = plan is not None and set(hosts) == {host for step in plan.steps for host in step.hosts}
    chosen = None if every else hosts
    loop.decisions.approve(incident_id, who.access, plan_hash=plan_hash, hosts=chosen, reason=reason.strip())
    return RedirectResponse(f"/incidents/{incident_id}", 303)


@router.post("/incidents/{incident_id}/reject")
def reject(incident_id: IncidentId, loop: TheLoop, who: Who, plan_hash: _Hash, reason: _Reason = "") -> Response:
    """Say no to the plan that was shown."""
    if not reason.strip():
        raise BadInput("say why: it is what the next one reads", key="reason")
    loop.decisions.reject(incident_id, who.access, reason.strip(), plan_hash=plan_hash)
    return RedirectResponse(f"/incidents/{incident_id}", 303)
