"""Fills the report with what the store knows of each fault's incident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cli.demo.place import FLEET
from cli.demo.report import Approved, Aside, Broken, Detected, Ledger, Planned, Planner, Ran, Report, Told, Took
from cli.demo.words import evidence_in_words, lesson_in_words, rounded
from core.approvals import Answer
from core.incidents import Incident
from core.outcomes import Outcome, Verdict
from core.plans import Plan
from core.runs import Run
from core.states import State
from loop.wiring import Loop


def make_report(loop: Loop, broken: Sequence[Broken], planner: Planner, *, seconds: float) -> Report:
    """Gather everything. *seconds* is how long the demo has taken so far."""
    store = loop.context.store
    incidents = store.incidents.newest(fleet=FLEET)
    stories = [_tell(loop, fault, incidents) for fault in broken]
    told = {story.incident for story in stories}
    asides = tuple(
        Aside(incident=one.id, title=one.title, state=one.state, reason=one.reason)
        for one in reversed(incidents)
        if one.id not in told
    )
    proof = store.proof()
    healed = sum(story.healed for story in stories)
    return Report(
        ok=healed == len(stories) and proof.violation is None,
        healed=healed,
        faults=tuple(stories),
        planner=planner,
        asides=asides,
        journal=Ledger(entries=proof.entries, violation=proof.violation),
        seconds=rounded(seconds),
    )


def about(fault: Broken, incidents: Sequence[Incident]) -> Incident | None:
    """The newest of *incidents* (newest first, as the store gives them) that is about *fault*."""
    signal = (fault.host, fault.symptom, fault.subject)
    return next((one for one in incidents if one.signal == signal), None)


def _tell(loop: Loop, fault: Broken, incidents: Sequence[Incident]) -> Told:
    incident = about(fault, incidents)
    if incident is None:
        return Told(fault=fault, healed=False, reason="it was not detected")
    store = loop.context.store
    plan = store.plans.get(incident.plan_id) if incident.plan_id is not None else None
    runs = list(reversed(store.runs.newest(incident_id=incident.id)))
    outcomes = store.outcomes.newest(incident_id=incident.id)
    last = outcomes[0] if outcomes else None
    verdict = None if last is None else last.verdict
    return Told(
        fault=fault,
        healed=verdict is Verdict.HEALED and not fault.still_there,
        incident=incident.id,
        state=incident.state,
        verdict=verdict,
        reason=last.reason if last is not None and incident.state is State.RESOLVED else incident.reason,
        detected=_detected(loop, incident),
        planned=None if plan is None else _planned(plan),
        approved=None if plan is None else _approved(loop, plan),
        runs=tuple(_ran(loop, run) for run in runs),
        seconds=_took(loop, fault, incident, runs),
        learnt=_learnt(loop, incident, outcomes),
    )


def _detected(loop: Loop, incident: Incident) -> Detected:
    detections = loop.context.store.detections.of(incident.id)
    own = (incident.symptom, incident.subject)
    others = {(one.symptom, one.subject) for one in detections} - {own}
    return Detected(
        symptom=incident.symptom,
        subject=incident.subject,
        evidence=evidence_in_words(incident.evidence),
        folded=tuple(sorted(" ".join(part for part in other if part) for other in others)),
    )


def _planned(plan: Plan) -> Planned:
    return Planned(
        number=plan.number,
        by=plan.proposer,
        title=plan.title,
        remedies=tuple(step.remedy for step in plan.steps),
        risk=plan.risk,
        confidence=plan.confidence,
        reasons=plan.reasons,
        alternatives=tuple(alternative.step.remedy for alternative in plan.alternatives),
    )


def _approved(loop: Loop, plan: Plan) -> Approved | None:
    yes = [one for one in loop.context.store.approvals.of(plan.id) if one.answer is Answer.APPROVE]
    return Approved(by=yes[-1].by, rules=yes[-1].reasons) if yes else None


def _ran(loop: Loop, run: Run) -> Ran:
    tasks = [event.task for event in loop.context.store.runs.events(run.id) if event.kind == "task" and event.task]
    seconds = None if run.ended_at is None else rounded((run.ended_at - run.started_at).total_seconds())
    return Ran(
        id=run.id, remedy=run.remedy, status=run.status, seconds=seconds, tasks=tuple(tasks), problem=run.problem
    )


def _took(loop: Loop, fault: Broken, incident: Incident, runs: Sequence[Run]) -> Took:
    """Out of the journal: when the incident first came to each state."""
    at: dict[str, datetime] = {State.OPEN: incident.opened_at}
    for entry in loop.context.store.journal.entries(incident_id=incident.id):
        if entry.kind == "incident.state":
            at.setdefault(str(entry.body["to"]), entry.at)

    def between(before: datetime | None, after: datetime | None) -> float | None:
        return None if before is None or after is None else rounded((after - before).total_seconds())

    ended = runs[-1].ended_at if runs else None
    return Took(
        detected=between(fault.put_in_at, at[State.OPEN]),
        planned=between(at[State.OPEN], at.get(State.PLANNED)),
        approved=between(at.get(State.PLANNED), at.get(State.APPROVED)),
        waited=between(at.get(State.APPROVED), at.get(State.RUNNING)),
        run=between(runs[0].started_at if runs else None, ended),
        verified=between(ended, incident.ended_at),
        total=between(fault.put_in_at, incident.ended_at),
    )


def _learnt(loop: Loop, incident: Incident, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    if not outcomes:
        return ()
    lessons = loop.memory.lessons(FLEET, incident.symptom)
    tried = {outcome.remedy for outcome in outcomes}
    return tuple(lesson_in_words(lesson) for remedy, lesson in lessons.items() if remedy in tried)
