"""Where people come in: decisions, cancelling, closing, asking. The API and the command line both stand behind it."""

from __future__ import annotations

import re

from approver.policy import expiry
from approver.start import POLICY
from catalog.proof_rule import barred
from core.approvals import Answer, Approval
from core.errors import BadInput, Conflict, Refused
from core.ids import new_id
from core.incidents import Incident, Request
from core.model import Scalar
from core.plans import Plan
from core.points import Point
from core.runs import Preview
from core.states import State, may_follow
from loop.context import Context
from loop.intake import Intake
from loop.undoing import undo_of

_DECIDABLE = (State.PLANNED, State.AWAITING_APPROVAL)


class Desk:
    """What a person may do. *by* is always `person:<name>`."""

    def __init__(self, context: Context, intake: Intake) -> None:
        self._context, self._intake = context, intake

    def approve(self, incident_id: str, by: str, *, plan_hash: str | None = None, reason: str = "") -> Approval:
        """Say yes to the incident's plan as it is now, or as *plan_hash* says. Raises Conflict or Refused."""
        incident, plan = self._undecided(incident_id, plan_hash)
        fleet = self._context.fleet(incident.fleet)
        rule = fleet.file.policy.approve
        if plan.risk > rule.risk:
            raise Refused(f"risk {plan.risk} is above policy.approve.risk {rule.risk} of {fleet.name}")
        for step in plan.steps:
            remedy = self._context.catalog.remedies.get(step.remedy)
            if remedy is not None and (no := barred(remedy, fleet)) is not None:
                raise Refused(f"{no} in {fleet.name}; run: fleetmend catalog prove {remedy.id}")
        now, store = self._context.clock.now(), self._context.store
        until, needed = expiry(fleet, now), rule.approvers
        valid = [one for one in store.approvals.of(plan.id) if one.answer is Answer.APPROVE and one.expires_at > now]
        earlier = {one.by for one in valid} - {POLICY}
        with store.write(Point.DESK_APPROVE) as tx:
            reasons = (reason,) if reason else ()
            approval = store.approvals.add(tx, plan, Answer.APPROVE, by=by, reasons=reasons, expires_at=until)
            if len(earlier | {by}) >= needed:
                words = f"approved by {', '.join(sorted(earlier | {by}))}"
                store.incidents.move(tx, incident, State.APPROVED, words, actor=by, due_at=now)
            else:
                words = f"{len(earlier) + 1} of {needed} approvals are there"
                store.incidents.postpone(tx, incident, incident.due_at, words)
        self._context.doorbell.ring(incident.id)
        return approval

    def reject(self, incident_id: str, by: str, reason: str) -> Incident:
        """Say no to the incident's plan. The problem stays quiet until it clears or the cooldown is over."""
        incident, plan = self._undecided(incident_id, None)
        until = expiry(self._context.fleet(incident.fleet), self._context.clock.now())
        store = self._context.store
        with store.write(Point.DESK_REJECT) as tx:
            store.approvals.add(tx, plan, Answer.REJECT, by=by, reasons=(reason,), expires_at=until)
            words = f"rejected by {by}: {reason}"
            return store.incidents.move(tx, incident, State.REJECTED, words, actor=by, mute_until=until)

    def close(self, incident_id: str, by: str, reason: str) -> Incident:
        """End an escalated incident by hand. Raises Conflict in any other state."""
        incident = self._context.store.incidents.get(incident_id)
        if not may_follow(incident.state, State.CLOSED):
            raise Conflict(f"{incident.id} is {incident.state}; only an escalated incident is closed by hand")
        with self._context.store.write(Point.DESK_CLOSE) as tx:
            words = f"closed by {by}: {reason}"
            return self._context.store.incidents.move(tx, incident, State.CLOSED, words, actor=by)

    def cancel(self, run_id: str, by: str) -> None:
        """Stop a run. What it achieved is verified; then people take over."""
        run = self._context.store.runs.get(run_id)
        with self._context.store.write(Point.DESK_CANCEL) as tx:
            self._context.store.runs.ask_to_cancel(tx, run, by)

    def preview(self, incident_id: str) -> tuple[Plan, list[Preview]]:
        """What the incident's plan would change, by `--check --diff` on its hosts. Takes seconds."""
        incident = self._context.store.incidents.get(incident_id)
        if incident.plan_id is None:
            raise Conflict(f"{incident.id} has no plan yet")
        plan, fleet = self._context.store.plans.get(incident.plan_id), self._context.fleet(incident.fleet)
        return plan, [self._context.executor.preview(fleet, step) for step in plan.steps]

    def ask(
        self,
        fleet_name: str,
        by: str,
        *,
        text: str = "",
        host: str | None = None,
        remedy: str | None = None,
        parameters: dict[str, Scalar] | None = None,
    ) -> Incident:
        """Ask for something in words, or for a remedy by name. It becomes a plan under the same policy as any other."""
        if bool(text) == bool(remedy):
            raise BadInput("say what you want in words, or name a remedy")
        if remedy is not None:
            self._context.catalog.remedy(remedy)
        host = host or self._host_in(fleet_name, text)
        request = Request(by=by, text=text, remedy=remedy, hosts=(host,), parameters=parameters or {})
        return self._intake.request(fleet_name, host, new_id("ask"), request)

    def undo(self, incident_id: str, by: str, *, run_id: str | None = None) -> Incident:
        """Ask for what takes the incident's newest run back (or the run *run_id*), under the same policy as any other.

        The facts that were measured go along, because parameters may be pinned to them. Raises Conflict, NotFound or
        Refused.
        """
        incident = self._context.store.incidents.get(incident_id)
        runs = self._context.store.runs.newest(incident_id=incident.id)
        run_id = self._context.store.runs.get(run_id).id if run_id is not None else None
        request = undo_of(incident, runs, self._context.catalog, by, run_id=run_id)
        subject = f"undo/{incident.id}"
        return self._intake.request(incident.fleet, request.hosts[0], subject, request, incident.evidence)

    def _host_in(self, fleet_name: str, text: str) -> str:
        """The one host that *text* names. Plain code decides this, never a model."""
        fleet = self._context.fleet(fleet_name)
        words = set(re.findall(r"[A-Za-z0-9_.\-]+", text)) | {word.rstrip(".") for word in text.split()}
        named = [name for name in fleet.host_names if name in words]
        if len(named) == 1:
            return named[0]
        if not named and len(fleet.hosts) == 1:
            return fleet.host_names[0]
        known = ", ".join(fleet.host_names[:10])
        raise BadInput(f"name exactly one host of {fleet_name} (--host): {known}")

    def _undecided(self, incident_id: str, plan_hash: str | None) -> tuple[Incident, Plan]:
        incident = self._context.store.incidents.get(incident_id)
        if incident.state not in _DECIDABLE or incident.plan_id is None:
            raise Conflict(f"{incident.id} is {incident.state}: there is nothing to decide ({incident.reason})")
        plan = self._context.store.plans.get(incident.plan_id)
        if plan_hash is not None and plan.hash != plan_hash:
            raise Conflict(f"the plan of {incident.id} changed since you looked at it; look again")
        return incident, plan
