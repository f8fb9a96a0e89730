"""The ports: what a step needs from another room, as it sees it. `loop/wiring.py` fills them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from core.detections import Signal
from core.fleets import Fleet
from core.frozen import Frozen
from core.outcomes import Lesson
from core.plans import Step
from core.runs import Preview, ProcessRef, RunEvent, RunResult
from core.samples import Reading, SignalState


class Doorbell(Protocol):
    """Wakes a worker for an incident. Losing a ring loses nothing: the reconciler rings again."""

    def ring(self, incident_id: str) -> None: ...


class Executor(Protocol):
    """Runs one step with Ansible."""

    def execute(
        self,
        run_id: str,
        fleet: Fleet,
        step: Step,
        frozen: Frozen,
        *,
        on_event: Callable[[RunEvent], None],
        on_process: Callable[[ProcessRef], None],
        cancelled: Callable[[], bool],
    ) -> RunResult:
        """Run *step* with exactly what is *frozen*, and return how it ended.

        Raises Unvetted if its files changed; never runs it twice by itself.
        """
        ...

    def preview(self, fleet: Fleet, step: Step, frozen: Frozen, *, timeout: timedelta | None = None) -> Preview:
        """Say what *step* would change, by `--check --diff`, changing nothing, within *timeout* (or the card's)."""
        ...

    def settle(self, run_id: str, process: ProcessRef | None) -> None:
        """End whatever a dead worker's run left behind: its processes and its private folder."""
        ...


class Prober(Protocol):
    """Runs one read-only program per host, over all of them in one Ansible invocation."""

    def probe(self, fleet: Fleet, programs: Mapping[str, str]) -> Mapping[str, Reading]:
        """Run *programs* (host name -> shell command); every host asked for is in the answer."""
        ...


class Recheck(Protocol):
    """Measures signals anew, with the probes that raise them."""

    def check(self, fleet: Fleet, signals: Sequence[Signal]) -> Mapping[Signal, SignalState]: ...


class Recall(Protocol):
    """What is known of remedies against a symptom."""

    def lessons(self, fleet: str, symptom: str) -> Mapping[str, Lesson]:
        """Remedy id -> lesson; the fleet's own where there is one, else over all fleets."""
        ...
