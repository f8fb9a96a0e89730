"""The crowd's fleet, its workers, and the conductor who lets hours pass."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from catalog.vetting import vet
from core.clock import Clock, SystemClock
from core.detections import Signal
from core.fleets import Fleet, Host
from core.frozen import Frozen
from core.plans import Step
from core.runs import HostResult, ProcessRef, RunEvent, RunResult, RunStatus
from core.samples import SignalState
from core.settings import CHECKOUT
from core.states import State
from tests.crash.jumping_clock import JumpingClock
from tests.crash.places import Place
from tests.crash.record import Record
from tests.stores import detection
from tests.unit.content import prove_all, write_remedy, write_shipped
from tests.world import AUTO, House, World, open_house, write_content

READ_ONLY = "look"
_LOOK_SECONDS = 0.02
_QUIET_SECONDS = 1.0
"""Nothing began for so long: the budgets of the hour are used up."""
_HOUR = timedelta(minutes=61)
_LEASE = timedelta(days=10)
"""Nobody dies here, and hours pass in no time."""
_BATCH = 100


@dataclass
class CrowdWorld(World):
    """A run takes some milliseconds, and mends the one thing that it was made for."""

    folder: Path = Path()
    clock: Clock = field(default_factory=SystemClock)

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
        [host] = step.hosts
        subject = str(step.parameters["service"])
        facts = {"run": run_id, "host": host, "subject": subject, "read_only": step.remedy == READ_ONLY}
        self._write("began", **facts)
        on_process(ProcessRef(pid=2**22 + 1, started=0.0))
        time.sleep(random.uniform(0.01, 0.04))
        self._mark(host, subject).touch()
        self._write("ended", **facts)
        return RunResult(status=RunStatus.SUCCESSFUL, results={host: HostResult(ok=1)})

    def check(self, fleet: Fleet, signals: Sequence[Signal]) -> Mapping[Signal, SignalState]:
        for one in signals:
            self._write("measured", host=one.host, subject=one.subject)
        return {
            one: SignalState.CLEAR if self._mark(one.host, one.subject).exists() else SignalState.FIRING
            for one in signals
        }

    def _mark(self, host: str, subject: str) -> Path:
        return self.folder / "mended" / f"{host}.{subject}"

    def _write(self, kind: str, **facts: Any) -> None:
        record = Record(self.folder / "record")
        record.note(kind, at=self.clock.now().timestamp(), **facts)
        record.close()


class Crowd:
    """How many of what, where. Every fifth incident is for a remedy that only reads."""

    def __init__(self, place: Place, incidents: int, hosts: int) -> None:
        self.place, self.incidents, self.hosts = place, incidents, hosts
        self._clock = JumpingClock(place.folder / "gate")
        self.budget = {
            "concurrent_runs": 3,
            "runs_per_hour": -(-incidents // 4),
            "hosts_per_hour": max(3, hosts * 2 // 5),
            "at_once": max(2, min(4, hosts // 2)),
        }
        """Each of them stands in the way of something."""

    @property
    def _file(self) -> dict[str, Any]:
        auto: dict[str, Any] = AUTO["policy"]
        return {
            **AUTO,
            "policy": {**auto, "approve": {"expires": "9d"}},
            "budget": self.budget | {"at_once": self.budget["at_once"] / self.hosts},
            "verify": {"within": "20s", "hold": "0s"},
            "storms": "off",
        }

    @property
    def _record(self) -> Record:
        return Record(self.place.folder / "record")

    @contextmanager
    def _house(self) -> Iterator[House]:
        """A process's own loop."""
        services = {f"s{number}": {} for number in range(-(-self.incidents // self.hosts))}
        variables = {"fleetmend_services": services}
        hosts = [Host(name=f"h{number}", groups=("all",), variables=variables) for number in range(self.hosts)]
        world = CrowdWorld(folder=self.place.folder, clock=self._clock)
        settings = {"database_url": self.place.url, "lease": _LEASE}
        clock: Any = self._clock
        with open_house(self.place.folder, clock=clock, world=world, hosts=hosts, settings=settings) as house:
            yield house

    def fill(self) -> None:
        """Everything breaks at once, in batches as a source would send them."""
        folder = self.place.folder
        (folder / "mended").mkdir()
        write_content(folder / "content", **self._file)
        write_remedy(folder / "content", READ_ONLY, card={"treats": ["config_drift"], "read_only": True})
        write_shipped(folder / "shipped", yaml.safe_load((CHECKOUT / "catalog" / "symptoms.yml").read_text()))
        vet(folder / "content", shipped=folder / "shipped")
        prove_all(folder / "content", folder / "shipped")
        found = []
        for number in range(self.incidents):
            host, subject = f"h{number % self.hosts}", f"s{number // self.hosts}"
            symptom = "config_drift" if (number + number // self.hosts) % 5 == 0 else "service_down"
            found.append(detection(self._clock, host=host, symptom=symptom, subject=subject, service=subject))
        with self._house() as house:
            for begin in range(0, len(found), _BATCH):
                house.loop.intake.accept(found[begin : begin + _BATCH])

    def work(self) -> None:
        """One worker, until every incident has ended."""
        with self._house() as house:
            store, engine = house.loop.context.store, house.loop.engine
            while any(state is not State.ESCALATED and not state.terminal for _, state in store.incidents.counts()):
                due = store.incidents.due(self._clock.now())
                random.shuffle(due)
                for incident_id in due:
                    with self._clock.at_work():
                        engine.advance(incident_id)
                if not due:
                    time.sleep(_LOOK_SECONDS)

    def conduct(self) -> None:
        """Let an hour pass whenever nothing begins any more. Never returns."""
        record, seen, since = self._record, 0, time.monotonic()
        while True:
            time.sleep(_QUIET_SECONDS / 10)
            began = len(record.lines("began"))
            if began != seen:
                seen, since = began, time.monotonic()
            elif time.monotonic() - since > _QUIET_SECONDS:
                self._clock.jump(_HOUR)
                record.note("hour")
                since = time.monotonic()

    def look(self) -> None:
        """Write down what the store says at the end."""
        with self._house() as house:
            counts = house.loop.context.store.incidents.counts()
            proof = house.loop.context.store.proof()
            said = {
                "states": {str(state): count for (_, state), count in counts.items()},
                "proof": proof.violation or "whole",
            }
            (self.place.folder / "said").write_text(json.dumps(said))
