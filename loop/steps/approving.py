"""APPROVE: the policy rules on a plan; for what it does not decide, people are asked, and not for ever."""

from __future__ import annotations

from approver.policy import decide
from approver.quorum import needed
from approver.start import POLICY
from core.approvals import Answer, Foreseen, Ruling
from core.errors import NeedsHuman, Refused
from core.frozen import same_as_bound
from core.plans import Plan
from core.points import Point
from core.policies import Unknown
from core.states import State
from loop.cases import case_of
from loop.steps.foreseeing import foresee
from loop.steps.planning import LOOK_AGAIN, replan
from loop.steps.waiting import first_ask, next_due
from loop.work import Work
from store.database import Tx


def judge(work: Work) -> None:
    """The step for `planned`."""
    plan = current_plan(work)
    if plan.policy_digest != work.fleet.policy_digest:
        replan(work, "the policy changed; planned anew")
        return
    try:
        frozen = work.context.binder.freeze(work.fleet, work.catalog, plan.steps)
        same_as_bound(plan.bound, frozen.parts)
    except Refused as drift:
        replan(work, f"{drift}; planned anew")
        return
    case = case_of(work.context.store, plan, work.incident, work.fleet, work.catalog, now=work.now)
    decision = decide(case)
    reason = "; ".join(decision.rules)
    found = foresee(work, plan, frozen) if decision.ruling is Ruling.ASK else None
    unknown = None if found is None or found.unknown is None else f"what it would change is unknown: {found.unknown}"
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
            case Ruling.ASK if unknown is not None and work.fleet.file.policy.approve.unknown is Unknown.ESCALATE:
                work.move(tx, State.ESCALATED, f"{unknown}; policy.approve.unknown is escalate", actor=POLICY)
            case Ruling.ASK:
                ask_people(work, tx, plan, "; ".join(filter(None, (unknown, reason))), found)
            case Ruling.RUN:
                rule = work.fleet.file.policy.approve
                approve, until = work.context.store.approvals.add, work.now + rule.expires
                approve(tx, plan, Answer.APPROVE, by=POLICY, via=POLICY, reasons=decision.rules, expires_at=until)
                work.move(tx, State.APPROVED, reason, actor=POLICY, due_at=work.now)


def ask_people(work: Work, tx: Tx, plan: Plan, reason: str, found: Foreseen | None, *, actor: str = POLICY) -> None:
    """Move to `awaiting_approval`, with an ask that people are told of, and what was *found* that it would change."""
    store = work.context.store
    ask = first_ask(plan, needed(plan, work.fleet, work.catalog), work.fleet, work.now)
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
