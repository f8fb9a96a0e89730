"""A run whose worker died: its processes are ended, and what it achieved is measured. It is never run again (law 5)."""

from __future__ import annotations

from core.points import Point
from core.runs import RunResult, RunStatus
from core.states import State
from loop.work import Work
from store.counters import Counter


def settle(work: Work) -> None:
    """The step for `running` when nobody holds the incident's lease any more."""
    store = work.context.store
    left_open = [run for run in store.runs.newest(incident_id=work.incident.id) if not run.status.ended]
    for run in left_open:
        work.context.executor.settle(run.id, run.process)
    words = "the worker died in the middle of the run; what it achieved is measured now"
    with store.write(Point.SETTLING_SETTLE) as tx:
        for run in left_open:
            store.runs.end(tx, run, RunResult(status=RunStatus.LOST, problem=words))
        work.move(tx, State.VERIFYING, words, due_at=work.now)
        store.counters.add(tx, Counter.SETTLED)
