"""APPROVE: the policy rules on a plan; what it does not decide waits for people, and not for ever."""

from __future__ import annotations

from approver.policy import decide, expiry
from approver.start import POLICY
from core.approvals import Answer, Ruling, Usage
from core.errors import NeedsHuman
from core.plans import Plan
from core.points import Point
from core.states import State
from loop.steps.planning import LOOK_AGAIN, replan
from loop.work import Work
from store.counters import Counter


def judge(work: Work) -> None:
    """The step for `planned`."""
    fleet, now = work.fleet, work.now
    with work.context.store.read():
        plan = current_plan(work)
        usage = _usage(work, plan)
    if plan.policy_digest != fleet.policy_digest:
        replan(work, "the policy changed; planned anew")
        return
    decision = decide(plan, work.incident, fleet, work.catalog, usage, now=now)
    reason, until = "; ".join(decision.rules), expiry(fleet, now)
    with work.context.store.write(Point.APPROVING_RULE) as tx:
        if reason != work.incident.reason:
            body = {"plan": plan.id, "ruling": decision.ruling, "rules": list(decision.rules)}
            work.note(tx, "policy.ruled", POLICY, body)
        match decision.ruling:
            case Ruling.HOLD:
                work.postpone(tx, now + LOOK_AGAIN, reason)
            case Ruling.STOP:
                work.move(tx, State.ESCALATED, reason, actor=POLICY)
            case Ruling.ASK:
                work.move(tx, State.AWAITING_APPROVAL, reason, actor=POLICY, due_at=until)
            case Ruling.RUN:
                approve = work.context.store.approvals.add
                approve(tx, plan, Answer.APPROVE, by=POLICY, reasons=decision.rules, expires_at=until)
                work.move(tx, State.APPROVED, reason, actor=POLICY, due_at=now)


def expire(work: Work) -> None:
    """The step for `awaiting_approval`, which is due only when the time for an answer is over."""
    mute_until = expiry(work.fleet, work.now)
    with work.context.store.write(Point.APPROVING_EXPIRE) as tx:
        work.move(tx, State.EXPIRED, "nobody answered in time", mute_until=mute_until)
        work.context.store.counters.add(tx, Counter.EXPIRED)


def current_plan(work: Work) -> Plan:
    """The incident's newest plan. Raises NeedsHuman if it has none, which the state table rules out."""
    if work.incident.plan_id is None:
        raise NeedsHuman(f"{work.incident.id} is {work.incident.state} without a plan")
    return work.context.store.plans.get(work.incident.plan_id)


def _usage(work: Work, plan: Plan) -> Usage:
    """What is going on in the fleet right now."""
    store, fleet = work.context.store, work.fleet
    paused = [f"by {pause.by}: {pause.reason}" for pause in store.pauses.in_force() if pause.holds_for(fleet.name)]
    unhealthy = store.incidents.unhealthy_hosts(fleet.name) & set(fleet.host_names)
    return Usage(
        paused=paused[0] if paused else None,
        running=store.runs.count_open(fleet.name),
        hosts_last_hour=store.budgets.hosts_last_hour(fleet.name),
        unhealthy_share=len(unhealthy) / len(fleet.hosts),
        last_runs=store.budgets.last_starts(fleet.name, plan.hosts),
        attempts=len({run.plan_id for run in store.runs.newest(incident_id=work.incident.id)}),
    )
