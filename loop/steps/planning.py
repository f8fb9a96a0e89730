"""PLAN: an open incident gets a plan, or goes to people with the reason why there is none."""

from __future__ import annotations

from datetime import timedelta

from approver.modes import Holding, mode_for
from core.errors import NeedsHuman, Retryable
from core.incidents import Incident
from core.plans import Abstention, Proposal
from core.points import Point
from core.policies import Mode
from core.states import State
from loop.cases import healed_plans
from loop.steps.blaming import blamed
from loop.waves import in_waves
from loop.work import Work
from store.database import Tx

_WAIT_FOR_CAUSE = timedelta(seconds=5)
_MOST_PLANS = 20
"""Plans of one incident, voided ones included, after which something is going round in circles."""

LOOK_AGAIN = timedelta(seconds=30)
"""Where the mode ends an incident's way for now, it is looked at again this often: the mode may have changed."""


def plan(work: Work) -> None:
    """The step for `open`."""
    mode = _mode(work)
    if mode.mode is Mode.OBSERVE and work.incident.request is None:
        with work.context.store.write(Point.PLANNING_OBSERVE) as tx:
            whose = mode.of.removeprefix("of ") or "the fleet"
            work.postpone(tx, work.now + LOOK_AGAIN, f"the mode of {whose} is observe: nothing is planned")
        return
    cause = _live_cause(work)
    if cause is not None:
        with work.context.store.write(Point.PLANNING_WAIT) as tx:
            work.postpone(tx, work.now + _WAIT_FOR_CAUSE, f"waits for {cause.id} ({cause.title}), which explains it")
        return
    replan(work, "planned")


def replan(work: Work, why: str) -> None:
    """Ask the planner, leaving out what was tried, and move to `planned` or `escalated`."""
    earlier = work.context.store.plans.of(work.incident.id)
    if len(earlier) >= _MOST_PLANS:
        raise NeedsHuman(f"{len(earlier)} plans were made, and none was carried through")
    tried = tried_remedies(work) if earlier else frozenset()
    with work.context.model_places.taken() as got:
        if not got:
            raise Retryable("half of the workers wait for the model already; it is asked again shortly")
        # A storm is planned for the host that it began on; `adopt` spreads what comes of it over waves.
        seen = work.incident.evolve(hosts=()) if work.incident.is_storm else work.incident
        planning = work.context.planner.propose(seen, work.fleet, work.catalog, tried=tried)
    with work.context.store.write(Point.PLANNING_PLAN) as tx:
        for refusal in planning.refusals:
            work.note(tx, "proposal.refused", "planner", {"refusal": refusal})
        if isinstance(planning.result, Abstention):
            work.move(tx, State.ESCALATED, planning.result.reason, actor=planning.result.proposer)
        else:
            adopt(work, tx, planning.result, f"{why} by {planning.result.proposer}")


def adopt(work: Work, tx: Tx, proposal: Proposal, why: str, *, spread: bool = True) -> None:
    """Store *proposal* as the incident's next plan and move to `planned`, due at once.

    A storm's is *spread* over waves.
    """
    fleet = work.fleet
    if spread:
        proposal = in_waves(proposal, work.incident, fleet, work.catalog)
    made = work.context.store.plans.add(
        tx,
        work.incident,
        proposal,
        policy_digest=fleet.policy_digest,
        bound=work.context.binder.bound(fleet, work.catalog, proposal.steps),
    )
    work.move(tx, State.PLANNED, why, due_at=work.now, plan_id=made.id)


def tried_remedies(work: Work) -> frozenset[str]:
    """Remedies that ran for this incident already, and did not heal what they ran on."""
    store, incident = work.context.store, work.incident
    healed = healed_plans(store, incident)
    if incident.is_storm and incident.state is State.APPROVED and incident.plan_id is not None:
        healed.add(incident.plan_id)  # between two waves: the ones before were measured well
    return frozenset(run.remedy for run in store.runs.newest(incident_id=incident.id) if run.plan_id not in healed)


def _mode(work: Work) -> Holding:
    """The mode for the incident's hosts, whatever will be planned."""
    file, hosts = work.fleet.file, map(work.fleet.host, work.incident.scope)
    return mode_for(file.mode, file.modes, [host.groups for host in hosts if host is not None], ())


def _live_cause(work: Work) -> Incident | None:
    """A live incident on the same host that explains this one and that the loop still works on."""
    incident = work.incident
    symptom = work.symptoms.get(incident.symptom)
    if symptom is None or not symptom.explained_by:
        return blamed(work)
    for other in work.context.store.incidents.live_on(incident.fleet, incident.host):
        explains = other.symptom in symptom.explained_by and other.service in (None, incident.service)
        if explains and other.state is not State.ESCALATED:
            return other
    return blamed(work)
