"""Where people come in: asking, cancelling, closing, pausing. What they decide about plans is in `decisions.py`.

The API, the command line and Slack all stand behind these two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import BadInput, Conflict
from core.ids import new_id
from core.incidents import Incident, Request
from core.model import Scalar
from core.pauses import EVERY_FLEET, Pause
from core.people import Access, Act
from core.plans import Plan
from core.points import Point
from core.runs import Preview
from core.states import State, may_follow
from loop.context import Context
from loop.intake import Intake
from loop.undoing import undo_of


class Desk:
    """What a person may do. *who* says what that is, in the incident's fleet; otherwise Refused is raised."""

    def __init__(self, context: Context, intake: Intake) -> None:
        self._context, self._intake = context, intake

    def close(self, incident_id: str, who: Access, reason: str) -> Incident:
        """End an escalated incident by hand. Raises Conflict in any other state."""
        incident = self._context.store.incidents.get(incident_id)
        who.need(Act.OPERATE, incident.fleet)
        if not may_follow(incident.state, State.CLOSED):
            raise Conflict(f"{incident.id} is {incident.state}; only an escalated incident is closed by hand")
        with self._context.store.write(Point.DESK_CLOSE) as tx:
            words = f"closed by {who.by}: {reason}"
            return self._context.store.incidents.move(tx, incident, State.CLOSED, words, actor=who.by)

    def cancel(self, run_id: str, who: Access) -> None:
        """Stop a run. What it achieved is verified; then people take over."""
        run = self._context.store.runs.get(run_id)
        who.need(Act.OPERATE, run.fleet)
        with self._context.store.write(Point.DESK_CANCEL) as tx:
            self._context.store.runs.ask_to_cancel(tx, run, who.by)

    def pause(self, scope: str, who: Access, reason: str) -> Pause:
        """Let no run start in the fleet *scope* (`*`: in any). Those under way go on. Raises NotFound."""
        who.need(Act.OPERATE, scope)
        if scope != EVERY_FLEET:
            self._context.fleet_source.folder(scope)
        return self._context.store.pauses.pause(scope, who.by, reason)

    def resume(self, scope: str, who: Access) -> None:
        """Let runs start again. Raises Conflict if *scope* was not paused."""
        who.need(Act.OPERATE, scope)
        self._context.store.pauses.resume(scope, who.by)

    def preview(self, incident_id: str) -> tuple[Plan, list[Preview]]:
        """What the incident's plan would change, by `--check --diff` on its hosts. Takes seconds."""
        incident = self._context.store.incidents.get(incident_id)
        if incident.plan_id is None:
            raise Conflict(f"{incident.id} has no plan yet")
        plan, fleet = self._context.store.plans.get(incident.plan_id), self._context.fleet(incident.fleet)
        frozen = self._context.binder.freeze(fleet, self._context.catalog, plan.steps)
        return plan, [self._context.executor.preview(fleet, step, frozen) for step in plan.steps]

    def ask(
        self,
        fleet_name: str,
        who: Access,
        *,
        text: str = "",
        hosts: Sequence[str] = (),
        remedy: str | None = None,
        parameters: dict[str, Scalar] | None = None,
    ) -> Incident:
        """Ask for something in words, or for a remedy by name. It becomes a plan under the same policy as any other."""
        if bool(text) == bool(remedy):
            raise BadInput("say what you want in words, or name a remedy")
        self._context.fleet_source.folder(fleet_name)
        who.need(Act.OPERATE, fleet_name)
        if remedy is not None:
            self._context.catalog.remedy(remedy)
        on = tuple(sorted(set(hosts))) or (self._host_in(fleet_name, text),)
        request = Request(by=who.by, text=text, remedy=remedy, hosts=on, parameters=parameters or {})
        return self._intake.request(fleet_name, on[0], new_id("ask"), request)

    def undo(self, incident_id: str, who: Access, *, run_id: str | None = None) -> Incident:
        """Ask for what takes the incident's newest run back (or the run *run_id*), under the same policy as any other.

        The facts that were measured go along, because parameters may be pinned to them. Raises Conflict, NotFound or
        Refused.
        """
        incident = self._context.store.incidents.get(incident_id)
        who.need(Act.OPERATE, incident.fleet)
        runs = self._context.store.runs.newest(incident_id=incident.id)
        run_id = self._context.store.runs.get(run_id).id if run_id is not None else None
        request = undo_of(incident, runs, self._context.catalog, who.by, run_id=run_id)
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
