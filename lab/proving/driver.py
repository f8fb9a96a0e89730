"""Drives one incident through the real loop, in this thread: no worker, no beat, and nothing left to chance.

Every wait is for something that is measured, within a bound that a busy machine can keep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from core.detections import Detection, Signal
from core.errors import FleetmendError
from core.fleets import Fleet
from core.ids import new_id
from core.incidents import Incident
from core.people import Access
from core.plans import Plan, Step
from core.runs import RunEvent, RunResult, RunStatus
from core.severity import Severity
from core.states import State
from lab.proving.place import FLEET
from lab.proving.scenario import Detected
from loop.wiring import Loop

PROVER = Access.owner("prover")
"""Approves."""
ASKER = Access.owner("asker")
"""Asks: nobody approves what he asked for."""
_LOOK_SECONDS = 0.5
_PLAN_SECONDS = 60.0
_SPARE_SECONDS = 90.0
"""What a run may take beyond its own limit and its verification."""
_UNDER_WAY = (State.APPROVED, State.RUNNING, State.VERIFYING)


class Failed(FleetmendError):
    """A trial did not hold, and why, in one line."""


class Driver:
    """One loop under test. *pause* is what time passes by."""

    def __init__(self, loop: Loop, pause: Callable[[float], None]) -> None:
        self.loop, self._pause = loop, pause

    @property
    def fleet(self) -> Fleet:
        return self.loop.context.fleet(FLEET)

    def until(self, what: Callable[[], str | None], seconds: float) -> str | None:
        """Ask *what* until it has no complaint (None), for at most *seconds*; return its last complaint."""
        end = self.loop.context.clock.now() + timedelta(seconds=seconds)
        while (complaint := what()) is not None and self.loop.context.clock.now() < end:
            self._pause(_LOOK_SECONDS)
        return complaint

    def sweep(self) -> None:
        """Every sweep of the fleet, once."""
        fleet = self.fleet
        for sweep in fleet.file.sweeps:
            self.loop.sweeps.run(fleet, sweep)

    def unwell(self) -> str | None:
        """Sweep, and say what is wrong; None if nothing is."""
        self.sweep()
        found = self.loop.context.store.conditions.unwell(FLEET)
        words = ", ".join(" ".join(filter(None, (one.symptom, one.subject, "on", one.host))) for one in found[:5])
        return words or None

    def detect(self, host: str, wanted: Detected) -> Incident:
        """Sweep until the symptom is in an incident. Raises Failed."""
        signal, store = Signal(host, wanted.symptom, wanted.subject), self.loop.context.store
        found: list[Incident] = []

        def missing() -> str | None:
            self.sweep()
            found.extend(one for one in store.incidents.newest(live=True) if signal in store.incidents.signals(one.id))
            return None if found else "not yet"

        if self.until(missing, wanted.within.total_seconds()) is not None:
            others = ", ".join(one.title for one in store.incidents.newest(live=True)) or "nothing"
            what = " ".join(filter(None, (wanted.symptom, wanted.subject, "on", host)))
            raise Failed(f"{what} was not detected in {wanted.within.total_seconds():.0f} s; detected was: {others}")
        return found[0]

    def post(self, host: str, wanted: Detected) -> Incident:
        """Report the symptom from outside, as an alert would."""
        known = self.loop.context.catalog.symptoms.get(wanted.symptom)
        detection = Detection(
            fleet=FLEET,
            host=host,
            symptom=wanted.symptom,
            subject=wanted.subject,
            service=wanted.service,
            severity=known.severity if known else Severity.WARNING,
            evidence=wanted.evidence,
            source="api:lab",
            seen_at=self.loop.context.clock.now(),
        )
        [accepted] = self.loop.intake.accept([detection])
        return self._now(accepted.incident_id)

    def plan(self, incident: Incident) -> Plan:
        """The plan that the loop makes, waiting for a decision. Raises Failed if it makes none."""
        stands = self._advance(incident, lambda one: one.state is not State.OPEN, _PLAN_SECONDS)
        stands = self._advance(stands, lambda one: one.state is not State.PLANNED, _PLAN_SECONDS)
        if stands.state is not State.AWAITING_APPROVAL or stands.plan_id is None:
            raise Failed(f"no plan came of {stands.title}: it is {stands.state} ({stands.reason})")
        return self.loop.context.store.plans.get(stands.plan_id)

    def carry_out(self, incident: Incident, plan: Plan) -> Incident:
        """Approve *plan*, let it run, and see its verification through. Raises Failed if its run did not succeed."""
        self.loop.decisions.approve(incident.id, PROVER, plan_hash=plan.hash, reason="it is acceptable")
        store = self.loop.context.store
        remedies = [self.loop.context.catalog.remedy(step.remedy) for step in plan.steps]
        verify = self.fleet.file.verify
        longest = sum(
            ((one.timeout + (verify.within or one.verify.within) + (verify.hold or one.verify.hold)).total_seconds())
            for one in remedies
        )
        ended = self._advance(incident, lambda one: one.state not in _UNDER_WAY, longest + _SPARE_SECONDS)
        runs = store.runs.newest(incident_id=incident.id)
        if not runs:
            raise Failed(f"nothing ran: {ended.title} is {ended.state} ({ended.reason})")
        if runs[0].status is not RunStatus.SUCCESSFUL:
            changed = sum(result.changed for result in runs[0].results.values())
            before = "nothing was changed" if not changed else f"{changed} tasks had changed something"
            raise Failed(f"the run ended as {runs[0].status} ({runs[0].problem}); {before}")
        return ended

    def once_more(self, step: Step) -> RunResult:
        """Run *step* a second time, as it was."""

        def ignore(_value: object) -> None:
            return None

        context = self.loop.context
        frozen = context.binder.freeze(self.fleet, context.catalog, (step,))
        return context.executor.execute(
            new_id("run"), self.fleet, step, frozen, on_event=ignore, on_process=ignore, cancelled=lambda: False
        )

    def said(self, incident: Incident) -> Sequence[RunEvent]:
        """Everything that the incident's newest run told."""
        [run, *_] = self.loop.context.store.runs.newest(incident_id=incident.id)
        return self.loop.context.store.runs.events(run.id)

    def _advance(self, incident: Incident, done: Callable[[Incident], bool], seconds: float) -> Incident:
        """Do what is due until *done*. Raises Failed when the time is over."""

        def undone() -> str | None:
            self.loop.engine.advance(incident.id)
            now = self._now(incident.id)
            return None if done(now) else f"{now.title} is still {now.state} ({now.reason})"

        if (complaint := self.until(undone, seconds)) is not None:
            raise Failed(f"{complaint}, after {seconds:.0f} s")
        return self._now(incident.id)

    def _now(self, incident_id: str) -> Incident:
        return self.loop.context.store.incidents.get(incident_id)
