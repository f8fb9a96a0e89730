"""APPROVE: the policy rules on a plan; for what it does not decide, people are asked, and not for ever."""

from __future__ import annotations

from approver.case import make_case
from approver.policy import decide
from approver.quorum import needed
from approver.start import POLICY
from core.approvals import Answer, Ask, Foreseen, Ruling, Usage
from core.cases import Case
from core.errors import NeedsHuman
from core.plans import Plan
from core.points import Point
from core.states import State
from loop.steps.foreseeing import foresee
from loop.steps.planning import LOOK_AGAIN, replan
from loop.steps.waiting import first_ask, next_due
from loop.work import Work
from monitor.provenance import from_outside
from store.database import Tx


def judge(work: Work) -> None:
    """The step for `planned`."""
    with work.context.store.read():
        plan = current_plan(work)
        usage, vouched = _usage(work, plan), _vouched(work)
    if plan.policy_digest != work.fleet.policy_digest:
        replan(work, "the policy changed; planned anew")
        return
    case = make_case(plan, work.incident, work.fleet, work.catalog, usage, vouched=vouched, now=work.now)
    decision = decide(case)
    reason = "; ".join(decision.rules)
    found = foresee(work, plan) if decision.ruling is Ruling.ASK else None
    with work.context.store.write(Point.APPROVING_RULE) as tx:
        if reason != work.incident.reason:
            ruled = work.context.store.rulings.add(tx, case, decision)
            body = {"plan": plan.id, "ruling": decision.ruling, "rules": list(decision.rules), "on_record": ruled.id}
            work.note(tx, "policy.ruled", POLICY, body)
        match decision.ruling:
            case Ruling.HOLD:
                work.postpone(tx, work.now + LOOK_AGAIN, reason)
            case Ruling.STOP:
                work.move(tx, State.ESCALATED, reason, actor=POLICY)
            case Ruling.ASK:
                ask_people(work, tx, plan, reason, found)
            case Ruling.RUN:
                rule = work.fleet.file.policy.approve
                approve, until = work.context.store.approvals.add, work.now + rule.expires
                approve(tx, plan, Answer.APPROVE, by=POLICY, via=POLICY, reasons=decision.rules, expires_at=until)
                work.move(tx, State.APPROVED, reason, actor=POLICY, due_at=work.now)


def ask_people(work: Work, tx: Tx, plan: Plan, reason: str, found: Foreseen | None, *, actor: str = POLICY) -> None:
    """Move to `awaiting_approval`, with an ask that people are told of, and what was *found* that it would change."""
    store = work.context.store
    ask: Ask = first_ask(plan, needed(plan, work.fleet, work.catalog), work.fleet, work.now)
    store.asks.put(tx, ask)
    if found is not None:
        store.foreseen.put(tx, plan.incident_id, found)
        body = {"plan": plan.id, "hash": plan.hash, "diff": found.digest, "problem": found.problem}
        work.note(tx, "plan.foreseen", "runner", body)
    work.move(tx, State.AWAITING_APPROVAL, reason, actor=actor, due_at=next_due(ask))


def current_plan(work: Work) -> Plan:
    """The incident's newest plan. Raises NeedsHuman if it has none, which the state table rules out."""
    if work.incident.plan_id is None:
        raise NeedsHuman(f"{work.incident.id} is {work.incident.state} without a plan")
    return work.context.store.plans.get(work.incident.plan_id)


def case_now(work: Work, plan: Plan) -> Case:
    """The case of *plan* as things are now, for whoever asks what the policy would say."""
    return make_case(
        plan, work.incident, work.fleet, work.catalog, _usage(work, plan), vouched=_vouched(work), now=work.now
    )


def _vouched(work: Work) -> bool:
    """True if an alert, a person, or a probe that looks from outside says that something is wrong."""
    said = work.context.store.incidents.said_by(work.incident.id)
    return any(from_outside(source, work.symptoms.get(symptom)) for source, symptom in said)


def _usage(work: Work, plan: Plan) -> Usage:
    """What is going on in the fleet right now."""
    store, fleet = work.context.store, work.fleet
    paused = [f"by {pause.by}: {pause.reason}" for pause in store.pauses.in_force() if pause.holds_for(fleet.name)]
    unhealthy = store.incidents.unhealthy_hosts(fleet.name) & set(fleet.host_names)
    return Usage(
        paused=paused[0] if paused else None,
        running=store.runs.count_open(fleet.name),
        hosts_touched=len(store.budgets.hosts_last_hour(fleet.name) | set(plan.hosts)),
        unhealthy_share=len(unhealthy) / len(fleet.hosts),
        last_runs=store.budgets.last_starts(fleet.name, plan.hosts),
        attempts=len({run.plan_id for run in store.runs.newest(incident_id=work.incident.id)}),
    )
