"""VERIFY and LEARN: the probe that raised the alarm proves the fix, and the outcome is recorded; or the next try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.agents import Role
from core.detections import Signal
from core.outcomes import Outcome, Verdict, Verification
from core.plans import Plan
from core.points import Point
from core.runs import Run, RunStatus
from core.samples import SignalState
from core.severity import Severity
from core.states import State
from knowledge.outcomes import make_outcome
from loop.steps.approving import current_plan
from loop.steps.planning import adopt, tried_remedies
from loop.steps.storming import next_plan, next_wave, signals_of_run
from loop.work import Work
from planner.alternatives import next_proposal
from store.database import Tx
from verifier import judge

_FUTILE = (RunStatus.FAILED, RunStatus.TIMEOUT, RunStatus.CANCELLED)
"""After these the symptom gets no time to clear: what was meant to clear it did not happen."""

_INTERRUPTED = (RunStatus.CANCELLED, RunStatus.LOST)
"""A remedy that was not let finish has proven nothing, neither for it nor against it (law 9)."""


def look(work: Work) -> None:
    """The step for `verifying`: one measurement, and the verdict if it is time for one."""
    plan = current_plan(work)
    runs = [
        run for run in reversed(work.context.store.runs.newest(incident_id=work.incident.id)) if run.plan_id == plan.id
    ]
    if work.incident.request is not None:
        _close_request(work, plan, runs)
        return
    signals = signals_of_run(work, plan, len(runs))
    verification = work.context.store.verifications.get(plan.id) or _begin(work, plan, signals)
    states = work.context.recheck.check(work.fleet, signals)
    found = judge.look(verification, states, _new_trouble(work, runs), work.now)
    futile = any(run.status in _FUTILE for run in runs) and SignalState.FIRING in states.values()
    if found.verdict is None and futile:
        found = replace(found, verdict=Verdict.NOT_HEALED)
    if found.verdict is None:
        with work.context.store.write(Point.VERIFYING_LOOK) as tx:
            work.context.store.verifications.put(tx, found.verification)
            work.postpone(tx, found.next_at, found.reason)
        return
    if found.verdict is Verdict.HEALED and work.incident.is_storm and len(runs) < len(plan.steps):
        next_wave(work, plan, signals, len(runs), found.reason)
        return
    _close(work, plan, runs, found)


def _begin(work: Work, plan: Plan, signals: Sequence[Signal]) -> Verification:
    remedies = [work.catalog.remedies.get(step.remedy) for step in plan.steps]
    settings = [remedy.verify for remedy in remedies if remedy is not None]
    lag = work.context.store.alerts.lag(work.incident.fleet, signals)
    return judge.begin(work.incident.id, plan.id, settings, work.fleet.file.verify, work.now, lag)


def _new_trouble(work: Work, runs: Sequence[Run]) -> list[str]:
    """Critical problems that came up on the plan's hosts since the first run began."""
    if not runs:
        return []
    live_on = work.context.store.incidents.live_on
    others = [other for host in runs[0].hosts for other in live_on(work.incident.fleet, host)]
    since = runs[0].started_at
    return [other.title for other in others if other.severity is Severity.CRITICAL and other.opened_at > since]


def _close(work: Work, plan: Plan, runs: Sequence[Run], found: judge.Look) -> None:
    """Record the outcome, and end the incident, try the next alternative, or hand it to people."""
    problem = next((run.problem for run in runs if run.problem), None)
    reason = f"{found.reason}; the run: {problem}" if problem else found.reason
    verdict = found.verdict or Verdict.UNKNOWN
    if verdict is Verdict.NOT_HEALED and any(run.status in _INTERRUPTED for run in runs):
        verdict = Verdict.UNKNOWN
    # What only looked has healed nothing, though it is well now: somebody else mended it, and no lesson is drawn.
    only_looked = verdict is Verdict.HEALED and bool(runs) and all(run.read_only for run in runs)
    if only_looked:
        verdict, reason = Verdict.UNKNOWN, f"it cleared by itself, or by other hands: {reason}"
    cleared_at = found.verification.clear_since
    with work.context.presence.at(Role.KNOWLEDGE, f"{work.incident.id} {work.incident.title}"):
        outcome = make_outcome(work.incident, plan, runs, verdict, reason, cleared_at=cleared_at, at=work.now)
    store = work.context.store
    signals = signals_of_run(work, plan, len(runs))
    following = next_plan(work, plan, signals) if verdict is Verdict.HEALED else None
    with store.write(Point.VERIFYING_CLOSE) as tx:
        store.verifications.put(tx, found.verification)
        store.outcomes.add(tx, outcome)
        if verdict is Verdict.HEALED or only_looked:
            # The next sweep starts afresh: what it finds from now on is a new problem. (A sweep takes conditions
            # before incidents too, so that the two can't wait for each other.)
            store.conditions.forget(tx, work.incident.fleet, signals)
            words = reason if only_looked else f"healed by {plan.title}: {reason}"
            if following is not None:
                adopt(work, tx, following, words, spread=False)
            else:
                work.move(tx, State.RESOLVED, words, actor="verifier")
        else:
            _go_on(work, tx, plan, runs, outcome)


def _go_on(work: Work, tx: Tx, plan: Plan, runs: Sequence[Run], outcome: Outcome) -> None:
    why = f"{outcome.verdict}: {outcome.reason}"
    cancelled_by = next((run.cancelled_by for run in runs if run.cancelled_by), None)
    proposal = next_proposal(plan, work.catalog, tried_remedies(work))
    if cancelled_by is not None:
        work.move(tx, State.ESCALATED, f"cancelled by {cancelled_by}; {why}", actor="verifier")
    elif proposal is not None:
        adopt(work, tx, proposal, f"{why}; next alternative")
    else:
        work.move(tx, State.ESCALATED, f"{why}; no alternative is left", actor="verifier")


def _close_request(work: Work, plan: Plan, runs: Sequence[Run]) -> None:
    """Nothing raised an alarm, so nothing can clear: what was asked for ran, or did not."""
    problem = next((run.problem for run in runs if run.status is not RunStatus.SUCCESSFUL), None)
    words = problem or f"{plan.title}: ran as asked; no probe had raised an alarm, so there was none to clear"
    outcome = make_outcome(work.incident, plan, runs, Verdict.UNKNOWN, words, cleared_at=None, at=work.now)
    with work.context.store.write(Point.VERIFYING_CLOSE_REQUEST) as tx:
        work.context.store.outcomes.add(tx, outcome)
        work.move(tx, State.ESCALATED if problem else State.RESOLVED, words, actor="verifier")
