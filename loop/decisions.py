"""What people decide about a plan: yes, no, yes to less, something else instead, not now, somebody else.

Each decision is bound to the plan that was looked at. What is not exactly that is a new plan, with a hash of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import TypeVar

from approver.policy import decide, expiry
from approver.quorum import askers, needed, voices
from catalog.proof_rule import barred
from catalog.validation import check_parameters
from core.approvals import Answer, Approval, Ruling
from core.durations import format_duration
from core.errors import BadInput, Conflict, Overtaken, Refused
from core.fleets import Fleet
from core.frozen import OF_A_WHOLE_PLAN
from core.incidents import Incident
from core.model import Scalar
from core.people import Access, Act
from core.plans import Plan, Proposal, Step
from core.points import Point
from core.states import State
from loop.cases import case_of
from loop.context import Context
from loop.narrowing import foreseen_for, narrowed
from store.database import Tx

log = logging.getLogger(__name__)

_DECIDABLE = (State.PLANNED, State.AWAITING_APPROVAL)
LONGEST_SNOOZE = timedelta(days=1)
_TRIES = 3
_SOONEST = timedelta(minutes=1)

T = TypeVar("T")


class Decisions:
    """People's decisions. *who* needs the right to them in the incident's fleet; otherwise Refused is raised."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def approve(
        self,
        incident_id: str,
        who: Access,
        *,
        plan_hash: str | None = None,
        hosts: Sequence[str] | None = None,
        reason: str = "",
    ) -> Approval:
        """Say yes to the incident's plan as it is now, or as *plan_hash* says; with *hosts*, for these of its hosts.

        A yes for some of the hosts is a yes to the narrower plan that it makes. Raises Conflict if the plan is another
        one by now or *who* has decided already, Refused for who asked for it, BadInput for hosts that are not in it.
        """
        return _looking_again(lambda: self._approve(incident_id, who, plan_hash, hosts, reason))

    def reject(self, incident_id: str, who: Access, reason: str, *, plan_hash: str | None = None) -> Incident:
        """Say no to the incident's plan. The problem stays quiet until it clears or the time for an answer is over."""
        incident, plan = self._undecided(incident_id, who, Act.DECIDE, plan_hash)
        until = expiry(self._context.fleet(incident.fleet), self._context.clock.now())
        store = self._context.store
        with store.write(Point.DECISIONS_REJECT) as tx:
            store.approvals.add(tx, plan, Answer.REJECT, by=who.by, via=who.via, reasons=(reason,), expires_at=until)
            words = f"rejected by {who.by}: {reason}"
            return store.incidents.move(tx, incident, State.REJECTED, words, actor=who.by, mute_until=until)

    def change(
        self,
        incident_id: str,
        who: Access,
        *,
        parameters: Mapping[str, object],
        hosts: Sequence[str] | None = None,
        step: int = 0,
        plan_hash: str | None = None,
        reason: str = "",
    ) -> Plan:
        """Put other *parameters* into a step of the plan (what is left out stays), and let the policy rule anew.

        It makes a new plan, that *who* asked for. Raises Refused for what the remedy's schema does not allow.
        """
        incident, plan = self._undecided(incident_id, who, Act.DECIDE, plan_hash)
        fleet, now, store = self._context.fleet(incident.fleet), self._context.clock.now(), self._context.store
        proposal = self._changed(incident, plan, fleet, who, step, parameters, hosts, reason)
        with store.write(Point.DECISIONS_CHANGE) as tx:
            made = self._add(tx, incident, proposal, fleet)
            words = f"changed by {who.by}: {made.title}"
            store.incidents.move(tx, incident, State.PLANNED, words, actor=who.by, due_at=now, plan_id=made.id)
        self._context.doorbell.ring(incident.id)
        return made

    def snooze(self, incident_id: str, who: Access, time: timedelta, reason: str = "") -> Incident:
        """Ask again in *time*, a day at most. Raises Conflict unless the incident waits for people."""
        incident, plan = self._undecided(incident_id, who, Act.OPERATE, None)
        if not _SOONEST <= time <= LONGEST_SNOOZE:
            least, most = format_duration(_SOONEST), format_duration(LONGEST_SNOOZE)
            raise BadInput(f"snooze for {least} to {most}", key="for")
        ask = self._context.store.asks.get(plan.id)
        if incident.state is not State.AWAITING_APPROVAL or ask is None:
            raise Conflict(f"{incident.id} is {incident.state}: nobody is asked, so there is nothing to snooze")
        until = self._context.clock.now() + time
        with self._context.store.write(Point.DECISIONS_SNOOZE) as tx:
            self._context.store.asks.change(tx, ask, snoozed_until=until, snoozed_by=who.by)
            words = f"snoozed by {who.by} until {until:%Y-%m-%d %H:%M} UTC" + (f": {reason}" if reason else "")
            self._context.store.journal.append(tx, "ask.snoozed", who.by, {"reason": words}, incident.id)
            return self._context.store.incidents.postpone(tx, incident, until, words)

    def escalate(self, incident_id: str, who: Access, reason: str) -> Incident:
        """Take the incident out of the loop's hands: people mend it."""
        incident, _ = self._undecided(incident_id, who, Act.OPERATE, None)
        with self._context.store.write(Point.DECISIONS_ESCALATE) as tx:
            words = f"escalated by {who.by}: {reason}"
            return self._context.store.incidents.move(tx, incident, State.ESCALATED, words, actor=who.by)

    def _approve(
        self, incident_id: str, who: Access, plan_hash: str | None, hosts: Sequence[str] | None, reason: str
    ) -> Approval:
        incident, plan = self._undecided(incident_id, who, Act.DECIDE, plan_hash)
        fleet = self._context.fleet(incident.fleet)
        now, store = self._context.clock.now(), self._context.store
        ask = store.asks.get(plan.id) if incident.state is State.AWAITING_APPROVAL else None
        if ask is not None and ask.snoozed_until is None and ask.expires_at <= now:
            raise Conflict(f"the time for an answer about {incident.id} is over; what becomes of it is policy's to say")
        self._may_approve(incident, plan, fleet, who)
        narrower = narrowed(plan, hosts, who.by)
        wanted = needed(plan, fleet, self._context.catalog)
        reasons = (reason,) if reason else ()
        with store.write(Point.DECISIONS_APPROVE) as tx:
            earlier: set[str] = set()
            if narrower is None:
                earlier = voices(incident, plan, fleet, store.approvals.of(plan.id), now)
            else:
                plan = self._narrow(tx, incident, plan, narrower, fleet)
            approval = store.approvals.add(
                tx, plan, Answer.APPROVE, by=who.by, via=who.via, reasons=reasons, expires_at=expiry(fleet, now)
            )
            agreed = sorted(incident.involved.apart(earlier | {who.by}))
            if len(agreed) >= wanted:
                words = f"approved by {', '.join(agreed)}"
                store.incidents.move(tx, incident, State.APPROVED, words, actor=who.by, due_at=now, plan_id=plan.id)
            else:
                words = f"{len(agreed)} of {wanted} approvals are there ({', '.join(agreed)})"
                store.incidents.postpone(tx, incident, incident.due_at, words, plan_id=plan.id)
        self._context.doorbell.ring(incident.id)
        return approval

    def _may_approve(self, incident: Incident, plan: Plan, fleet: Fleet, who: Access) -> None:
        rule = fleet.file.policy.approve
        if plan.risk > rule.risk:
            raise Refused(f"risk {plan.risk} is above policy.approve.risk {rule.risk} of {fleet.name}")
        if not rule.own and who.by in askers(incident, plan):
            raise Refused(f"{_why_not(incident, plan, who)}, so somebody else has to approve it (policy.approve.own)")
        for step in plan.steps:
            remedy = self._context.catalog.remedies.get(step.remedy)
            if remedy is not None and (no := barred(remedy, fleet)) is not None:
                raise Refused(f"{no} in {fleet.name}; run: fleetmend catalog prove {remedy.id}")
        store, now = self._context.store, self._context.clock.now()
        ruled = decide(case_of(store, plan, incident, fleet, self._context.catalog, now=now))
        if ruled.ruling is Ruling.STOP:
            # Nobody is faster than the policy, which may not have looked at the plan yet.
            raise Refused(f"the policy stops it: {ruled.rules[0]}")

    def _narrow(self, tx: Tx, incident: Incident, plan: Plan, narrower: Proposal, fleet: Fleet) -> Plan:
        """Store the *narrower* plan, with what was foreseen for its hosts, and ask about it in place of *plan*."""
        store = self._context.store
        made = self._add(tx, incident, narrower, fleet, looked_at=plan.bound)
        found, ask = store.foreseen.get(plan.id), store.asks.get(plan.id)
        if found is not None:
            store.foreseen.put(tx, incident.id, foreseen_for(made, plan, found))
        if ask is not None:
            store.asks.put(tx, ask.evolve(plan_id=made.id))
        return made

    def _add(
        self,
        tx: Tx,
        incident: Incident,
        proposal: Proposal,
        fleet: Fleet,
        looked_at: Mapping[str, str] = MappingProxyType({}),
    ) -> Plan:
        """Store *proposal*, bound to what is there now; or to what was *looked_at*: a yes is to what was shown."""
        now = self._context.binder.bound(fleet, self._context.catalog, proposal.steps)
        bound = {
            name: digest if name in OF_A_WHOLE_PLAN else looked_at.get(name, digest) for name, digest in now.items()
        }
        return self._context.store.plans.add(tx, incident, proposal, policy_digest=fleet.policy_digest, bound=bound)

    def _changed(
        self,
        incident: Incident,
        plan: Plan,
        fleet: Fleet,
        who: Access,
        number: int,
        parameters: Mapping[str, object],
        hosts: Sequence[str] | None,
        reason: str,
    ) -> Proposal:
        if not 0 <= number < len(plan.steps):
            raise BadInput(f"the plan has {len(plan.steps)} steps, numbered from 0", key="step")
        narrower = narrowed(plan, hosts, who.by) or plan
        if len(narrower.steps) != len(plan.steps):
            raise BadInput("these hosts would leave a step of the plan without any", key="hosts")
        old = narrower.steps[number]
        remedy = self._context.catalog.remedy(old.remedy)
        on = [host for name in old.hosts if (host := fleet.host(name)) is not None]
        checked = check_parameters(remedy, on, incident.evidence, old.parameters | dict(parameters))
        steps = list(narrower.steps)
        steps[number] = Step(remedy=remedy.id, digest=remedy.digest, parameters=checked, hosts=old.hosts)
        if tuple(steps) == plan.steps:
            raise BadInput("nothing would be changed: the plan has these parameters and hosts already")
        words = f"changed by {who.by}: {_difference(old.parameters, checked)}"
        return Proposal(
            steps=tuple(steps),
            risk=max(plan.risk, remedy.risk),
            proposer=who.by,
            confidence=plan.confidence,
            reasons=(*plan.reasons, words, *([reason] if reason else [])),
            alternatives=plan.alternatives,
        )

    def _undecided(self, incident_id: str, who: Access, act: Act, plan_hash: str | None) -> tuple[Incident, Plan]:
        incident = self._context.store.incidents.get(incident_id)
        who.need(act, incident.fleet)
        if incident.state not in _DECIDABLE or incident.plan_id is None:
            raise Conflict(f"{incident.id} is {incident.state}: there is nothing to decide ({incident.reason})")
        plan = self._context.store.plans.get(incident.plan_id)
        if plan_hash is not None and plan.hash != plan_hash:
            raise Conflict(f"the plan of {incident.id} changed since you looked at it; look again")
        return incident, plan


def _looking_again(act: Callable[[], T]) -> T:
    """Two people may decide at the same instant: whoever comes second looks again, and decides then."""
    for _ in range(_TRIES - 1):
        try:
            return act()
        except Overtaken as overtaken:
            log.info("%s", overtaken)
    return act()


def _why_not(incident: Incident, plan: Plan, who: Access) -> str:
    """Why *who* counts as one who asked for *plan*, in words."""
    if who.by in {plan.proposer, incident.request.by if incident.request is not None else None}:
        return f"{who.person} asked for this"
    if who.by in incident.involved.people:
        return f"{who.person} reported this, or their token did, or they chose its parameters"
    return f"{who.person} may be one with somebody who asked for this (docs/howto/people.md)"


def _difference(before: Mapping[str, Scalar], after: Mapping[str, Scalar]) -> str:
    """`service=web → db` for what differs; `hosts` if nothing does."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return ", ".join(f"{name}={before.get(name, 'none')} → {after.get(name, 'none')}" for name in names) or "hosts"
