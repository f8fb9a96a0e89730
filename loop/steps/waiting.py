"""While people are asked: a reminder, then the next group, and in the end what the policy says. It never just runs."""

from __future__ import annotations

from datetime import datetime

from core.approvals import Ask
from core.fleets import Fleet
from core.plans import Plan
from core.points import Point
from core.policies import Unanswered
from core.states import State
from loop.work import Work
from store.counters import Counter


def first_ask(plan: Plan, needed: int, fleet: Fleet, now: datetime) -> Ask:
    """The ask about *plan*, as it begins."""
    rule = fleet.file.policy.approve
    expires_at = now + rule.expires
    remind_at = None if rule.remind is None else now + rule.remind
    widen_at = None if rule.widen is None else now + rule.widen
    return Ask(
        plan_id=plan.id,
        incident_id=plan.incident_id,
        needed=needed,
        asked_at=now,
        expires_at=expires_at,
        remind_at=remind_at if remind_at is not None and remind_at < expires_at else None,
        widen_at=widen_at if widen_at is not None and widen_at < expires_at else None,
    )


def next_due(ask: Ask) -> datetime:
    """When something is to be done about *ask* next."""
    if ask.snoozed_until is not None:
        return ask.snoozed_until
    return min(at for at in (ask.remind_at, ask.widen_at, ask.expires_at) if at is not None)


def wait(work: Work) -> None:
    """The step for `awaiting_approval`: whatever has come due."""
    ask = None if work.incident.plan_id is None else work.context.store.asks.get(work.incident.plan_id)
    if ask is None:
        _give_up(work)
    elif ask.snoozed_until is not None and work.now >= ask.snoozed_until:
        _wake(work, ask)
    elif work.now < next_due(ask):
        with work.context.store.write(Point.WAITING_LATER) as tx:
            work.postpone(tx, next_due(ask), work.incident.reason)
    elif work.now >= ask.expires_at:
        _give_up(work)
    elif ask.remind_at is not None and work.now >= ask.remind_at:
        _go_on(work, ask, "people were reminded", remind_at=None, reminded_at=work.now)
    else:
        _go_on(work, ask, "the next group is asked as well", widen_at=None, widened_at=work.now)


def _wake(work: Work, ask: Ask) -> None:
    """Whoever snoozed it is asked again, with as much time for an answer as there was at first."""
    rule = work.fleet.file.policy.approve
    expires_at = work.now + rule.expires
    widen_at = None if rule.widen is None or ask.widened_at is not None else work.now + rule.widen
    _go_on(
        work,
        ask,
        "the snooze is over; people are asked again",
        snoozed_until=None,
        snoozed_by=None,
        reminded_at=work.now,
        remind_at=None,
        widen_at=widen_at if widen_at is not None and widen_at < expires_at else None,
        expires_at=expires_at,
    )


def _go_on(work: Work, ask: Ask, words: str, **changes: datetime | str | None) -> None:
    with work.context.store.write(Point.WAITING_REMIND) as tx:
        changed = work.context.store.asks.change(tx, ask, **changes)
        work.note(tx, "ask.renewed", "approver", {"plan": ask.plan_id, "reason": words})
        work.postpone(tx, next_due(changed), work.incident.reason)


def _give_up(work: Work) -> None:
    rule = work.fleet.file.policy.approve
    words = "nobody answered in time"
    with work.context.store.write(Point.WAITING_EXPIRE) as tx:
        if rule.unanswered is Unanswered.EXPIRE:
            work.move(tx, State.EXPIRED, words, mute_until=work.now + rule.expires)
        else:
            work.move(tx, State.ESCALATED, f"{words}; policy.approve.unanswered is escalate")
        work.context.store.counters.add(tx, Counter.EXPIRED)
