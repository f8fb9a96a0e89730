"""A real loop over a real database, with hosts that remember in a record what was done to them, whoever dies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.clock import ManualClock
from core.detections import Signal
from core.errors import Retryable
from core.fleets import Fleet
from core.frozen import Frozen
from core.plans import Step
from core.runs import HostResult, ProcessRef, RunEvent, RunResult, RunStatus
from core.samples import Sample, SignalState
from loop.schedules import due_time
from tests.crash.kills import Killer
from tests.crash.record import Record
from tests.stores import detection
from tests.world import House, World, open_house

SWEEP = timedelta(seconds=30)
_STEP = timedelta(seconds=1)


class RecordedClock(ManualClock):
    """A clock that goes on where the last process left it."""

    def __init__(self, record: Record) -> None:
        told = record.lines("clock")
        super().__init__(datetime.fromisoformat(told[-1]["now"]) if told else None)
        self._record = record

    def advance(self, by: timedelta) -> None:
        super().advance(by)
        self._record.note("clock", now=self.now().isoformat())


@dataclass
class RecordedWorld(World):
    """Hosts and Ansible: what broke and what was executed outlives the process, in the record."""

    record: Record | None = None
    clock: ManualClock = field(default_factory=ManualClock)
    in_run: Callable[[], None] = lambda: None
    flaky: bool = False
    """The first measurement that is taken fails."""

    def __post_init__(self) -> None:
        for line in self._kept.lines():
            if line["kind"] == "broke":
                self.broken.add(Signal(*line["signal"]))
            elif line["kind"] == "mended":
                self.broken.discard(Signal(*line["signal"]))
            elif line["kind"] == "ended":
                self._cure(line["remedy"], line["hosts"])

    @property
    def _kept(self) -> Record:
        assert self.record is not None
        return self.record

    def break_signal(self, signal: Signal) -> None:
        self._kept.write("broke", signal=list(signal))
        self.broken.add(signal)

    def mend(self, signal: Signal) -> None:
        self._kept.write("mended", signal=list(signal))
        self.broken.discard(signal)

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
        facts = {"run": run_id, "remedy": step.remedy, "hosts": list(step.hosts), "parameters": step.parameters}
        self._kept.write("began", **facts)
        on_process(ProcessRef(pid=2**22 + 1, started=0.0))
        on_event(RunEvent(run_id=run_id, seq=1, at=self.clock.now(), kind="ok", host=step.hosts[0], task="do it"))
        self.in_run()
        if cancelled():
            self._kept.write("stopped", run=run_id)
            return RunResult(status=RunStatus.CANCELLED, problem="cancelled")
        self._kept.write("ended", **facts)
        self._cure(step.remedy, step.hosts)
        # Time passes while it runs, and what was seen before it counts as seen before it.
        self.clock.advance(_STEP)
        return RunResult(status=RunStatus.SUCCESSFUL, results={host: HostResult(ok=1) for host in step.hosts})

    def check(self, fleet: Fleet, signals: Sequence[Signal]) -> Mapping[Signal, SignalState]:
        if self.flaky and not self._kept.lines("failed_to_measure"):
            self._kept.write("failed_to_measure")
            raise Retryable("nothing could be measured")
        return super().check(fleet, signals)

    def measure(self, *_asked: object) -> tuple[Sample, ...]:
        """A sweep's samples, of the service `web` on every host."""
        at = self.clock.now()
        samples = []
        for host in ("h1", "h2", "h3"):
            value = float(Signal(host, "service_down", "web") not in self.broken)
            samples.append(Sample(host=host, name="probe.ok", subject="services", value=1, at=at))
            samples.append(Sample(host=host, name="service.up", subject="web", value=value, at=at, service="web"))
        return tuple(samples)

    def _cure(self, remedy: str, hosts: Sequence[str]) -> None:
        cured = self.cures.get(remedy, set())
        self.broken = {one for one in self.broken if one.host not in hosts or one.symptom not in cured}


@dataclass
class Stage:
    """What a scenario's actions work with."""

    house: House
    world: RecordedWorld
    record: Record
    killer: Killer

    def report(self, **changes: Any) -> None:
        """Something breaks, and is reported; the report counts as answered once this returns."""
        found = detection(self.house.clock, **changes)
        self.world.break_signal(found.signal)
        [accepted] = self.house.loop.intake.accept([found])
        self.record.write("answered", detection=accepted.detection.id, incident=accepted.incident_id)

    def sweep(self) -> None:
        """The next sweep is due, and is made."""
        self.house.clock.advance(SWEEP)
        self.house.loop.sweeps.tick("demo", 0, due_time(self.house.clock.now(), SWEEP))


@contextmanager
def open_stage(
    folder: Path,
    killer: Killer,
    *,
    file: Mapping[str, Any],
    cures: Mapping[str, set[str]],
    settings: Mapping[str, Any],
    flaky: bool,
) -> Iterator[Stage]:
    """A process's own loop over what earlier ones left in *folder*."""
    record = Record(folder / "record")
    clock = RecordedClock(record)
    world = RecordedWorld(cures=dict(cures), record=record, clock=clock, flaky=flaky)
    try:
        with open_house(folder, clock=clock, world=world, witness=killer, settings=settings, **file) as house:
            object.__setattr__(house.loop.context, "sweeper", world)
            yield Stage(house, world, record, killer)
    finally:
        record.close()
