"""RUN and VERIFY for a storm: one wave after the other, each measured well before the next one begins."""

from __future__ import annotations

from collections.abc import Sequence

from core.detections import Signal
from core.plans import Plan, Proposal
from core.points import Point
from core.samples import SignalState
from core.states import State
from loop.waves import rest_of
from loop.work import Work


def wave_of(work: Work, plan: Plan) -> int | None:
    """Which step of a storm's plan comes next; None for what is no storm: its steps are run in one go."""
    if not work.incident.is_storm:
        return None
    return min(len(work.context.store.runs.of_plan(plan.id)), len(plan.steps) - 1)


def signals_of_run(work: Work, plan: Plan, steps_run: int) -> tuple[Signal, ...]:
    """The signals that have to clear: all of the incident's, or, of a storm's, those of the hosts that were run on."""
    signals = work.context.store.incidents.signals(work.incident.id)
    if not work.incident.is_storm:
        return signals
    hosts = {host for step in plan.steps[:steps_run] for host in step.hosts}
    return tuple(signal for signal in signals if signal.host in hosts)


def next_wave(work: Work, plan: Plan, signals: Sequence[Signal], steps_run: int, reason: str) -> None:
    """The hosts so far are well: the next step of the plan may begin, if all that held for the first holds still."""
    store = work.context.store
    with store.write(Point.STORMING_NEXT_WAVE) as tx:
        store.verifications.forget(tx, plan.id)
        store.conditions.forget(tx, work.incident.fleet, signals)
        following = plan.steps[steps_run].hosts
        words = f"wave {steps_run} of {len(plan.steps)}: {reason}; the next one is for {len(following)} hosts"
        work.move(tx, State.APPROVED, words, actor="verifier", due_at=work.now)


def next_plan(work: Work, plan: Plan, healed: Sequence[Signal]) -> Proposal | None:
    """What comes after a *plan* that healed its hosts: the same for hosts where the storm still goes on, or None.

    It measures the other hosts, which takes seconds: not within a transaction.
    """
    if not work.incident.is_storm:
        return None
    known = frozenset(healed)
    others = [one for one in work.context.store.incidents.signals(work.incident.id) if one not in known]
    states = work.context.recheck.check(work.fleet, others) if others else {}
    still = {signal.host for signal, state in states.items() if state is not SignalState.CLEAR}
    return rest_of(plan, work.incident, still, work.fleet, work.catalog)
