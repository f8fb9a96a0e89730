"""The policy: why it says what it says about a plan, what a fleet's lacks, and every ruling judged again."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.given import READER_OF_ALL, FleetName, IncidentId, TheLoop, ThePlan, TheSlots, TheStore
from core.approvals import Foreseen
from core.errors import Conflict, NotFound
from core.model import Model
from core.policies import Mode, ModesByPart, Policy
from loop.explaining import Explanation, PolicyFinding, Replay

router = APIRouter(tags=["policy"])


class FleetPolicy(Model):
    """A fleet's policy with every default filled in, and what is to be said about it."""

    fleet: str
    mode: Mode | None
    modes: ModesByPart | None
    policy: Policy | None
    digest: str | None
    findings: tuple[PolicyFinding, ...]


@router.get("/incidents/{incident_id}/policy", summary="Explain the policy's ruling", response_model=Explanation)
def explain_incident(incident_id: IncidentId, loop: TheLoop, store: TheStore) -> Explanation:
    """Every ruling on the incident's plan, with its case, what would be ruled now, and who has to approve it."""
    incident = store.incidents.get(incident_id)
    if incident.plan_id is None:
        raise Conflict(f"{incident.id} is {incident.state} and has no plan that could be ruled on ({incident.reason})")
    return loop.policies.explain(incident, store.plans.get(incident.plan_id))


@router.get("/plans/{plan_id}/policy", summary="Explain the policy's ruling on a plan", response_model=Explanation)
def explain_plan(plan: ThePlan, loop: TheLoop, store: TheStore) -> Explanation:
    """The same for any plan, those that were replaced by others included."""
    return loop.policies.explain(store.incidents.get(plan.incident_id), plan)


@router.get("/plans/{plan_id}/foreseen", summary="Show what was foreseen", response_model=Foreseen)
def show_foreseen(plan: ThePlan, store: TheStore) -> Foreseen:
    """What check mode said, host by host, before people were asked about the plan: redacted, and whole."""
    found = store.foreseen.get(plan.id)
    if found is None:
        words = f"`GET /incidents/{plan.incident_id}/preview` looks now"
        raise NotFound(f"nobody was asked about {plan.id}, so nothing was foreseen for it; {words}")
    return found


@router.get("/fleets/{fleet_name}/policy", summary="Show and check a fleet's policy", response_model=FleetPolicy)
def show_policy(fleet_name: FleetName, loop: TheLoop) -> FleetPolicy:
    """Every default filled in. A policy that can't be read is null, and `findings` says why."""
    findings = loop.policies.check(fleet_name)
    shown: dict[str, Any] = {"mode": None, "modes": None, "policy": None, "digest": None}
    if not any(finding.level == "error" for finding in findings):
        fleet = loop.context.fleet(fleet_name)
        file = fleet.file
        shown = {"mode": file.mode, "modes": file.modes, "policy": file.policy, "digest": fleet.policy_digest}
    return FleetPolicy(fleet=fleet_name, findings=findings, **shown)


@router.get("/rulings/replay", summary="Judge every ruling again", response_model=Replay, dependencies=[READER_OF_ALL])
def replay_rulings(loop: TheLoop, slots: TheSlots) -> Replay:
    """Judges each ruling on record once more, by the rules as they are now, out of the case that was recorded."""
    with slots.taken("replay of the rulings"):
        return loop.policies.replay()
