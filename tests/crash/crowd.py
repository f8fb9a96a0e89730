"""Many workers in processes of their own, many incidents, few hosts: `python -m tests.crash.crowd --workers 8`.

Each worker looks for what is due and advances it, as a reconciler that rings for everybody would have it. Ansible is
stood in for by a line in a file when a run begins and one when it ends; the figures come from these lines. The
database is SQLite in a folder of its own, or whatever `--database-url` names (it has to be empty).
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.clock import Clock, SystemClock
from core.detections import Signal
from core.fleets import Fleet, Host
from core.plans import Step
from core.runs import HostResult, ProcessRef, RunEvent, RunResult, RunStatus
from core.samples import SignalState
from core.states import State
from tests.crash.children import start, wait_for
from tests.crash.record import Record
from tests.stores import detection
from tests.world import AUTO, House, World, open_house

CONCURRENT_RUNS = 3
_FILE = AUTO | {"budget": {"concurrent_runs": CONCURRENT_RUNS}, "verify": {"within": "20s", "hold": "0s"}}
_LOOK = 0.02
_BATCH = 100


@dataclass
class CrowdWorld(World):
    """A run takes some milliseconds and mends the one service that it was given."""

    folder: Path = Path()

    def execute(
        self,
        run_id: str,
        fleet: Fleet,
        step: Step,
        *,
        on_event: Callable[[RunEvent], None],
        on_process: Callable[[ProcessRef], None],
        cancelled: Callable[[], bool],
    ) -> RunResult:
        record = Record(self.folder / "record")
        [host] = step.hosts
        facts = {"run": run_id, "host": host, "service": step.parameters["service"]}
        record.write("began", at=time.monotonic(), **facts)
        on_process(ProcessRef(pid=2**22 + 1, started=0.0))
        time.sleep(random.uniform(0.01, 0.04))
        self._mark(host, str(facts["service"])).touch()
        record.write("ended", at=time.monotonic(), **facts)
        record.close()
        return RunResult(status=RunStatus.SUCCESSFUL, results={host: HostResult(ok=1)})

    def check(self, fleet: Fleet, signals: Sequence[Signal]) -> Mapping[Signal, SignalState]:
        return {
            one: SignalState.CLEAR if self._mark(one.host, one.subject).exists() else SignalState.FIRING
            for one in signals
        }

    def _mark(self, host: str, service: str) -> Path:
        return self.folder / "mended" / f"{host}.{service}"


@dataclass(frozen=True)
class Crowd:
    """How many of what, where."""

    folder: Path
    incidents: int
    hosts: int
    database_url: str | None = None

    @contextmanager
    def house(self, clock: Clock | None = None) -> Iterator[House]:
        """A process's own loop."""
        a_host = -(-self.incidents // self.hosts)
        services = {f"s{number}": {} for number in range(a_host)}
        hosts = [
            Host(name=f"h{number}", groups=("all",), variables={"fleetmend_services": services})
            for number in range(self.hosts)
        ]
        settings = {} if self.database_url is None else {"database_url": self.database_url}
        world = CrowdWorld(folder=self.folder)
        with open_house(
            self.folder, clock=clock or SystemClock(), world=world, hosts=hosts, settings=settings, **_FILE
        ) as house:
            yield house

    def fill(self) -> None:
        """Everything breaks at once, in batches as a source would send them."""
        (self.folder / "mended").mkdir()
        clock = SystemClock()
        found = []
        for number in range(self.incidents):
            host, service = f"h{number % self.hosts}", f"s{number // self.hosts}"
            found.append(detection(clock, host=host, subject=service, service=service))
        with self.house(clock) as house:
            for begin in range(0, len(found), _BATCH):
                house.loop.intake.accept(found[begin : begin + _BATCH])

    def work(self) -> None:
        """One worker, until every incident has ended."""
        with self.house() as house:
            store, engine = house.loop.context.store, house.loop.engine
            while any(state is not State.ESCALATED and not state.terminal for _, state in store.incidents.counts()):
                due = store.incidents.due(SystemClock().now())
                random.shuffle(due)
                for incident_id in due:
                    engine.advance(incident_id)
                if not due:
                    time.sleep(_LOOK)

    def look(self) -> None:
        """Write down what the store says at the end."""
        with self.house() as house:
            counts = house.loop.context.store.incidents.counts()
            proof = house.loop.context.store.proof()
            said = {
                "states": {str(state): count for (_, state), count in counts.items()},
                "proof": proof.violation or "whole",
            }
            (self.folder / "said").write_text(json.dumps(said))


def intervals(lines: list[dict[str, Any]]) -> list[tuple[float, float, str]]:
    """(begin, end, host) of each execution."""
    ends = {line["run"]: line["at"] for line in lines if line["kind"] == "ended"}
    return [(line["at"], ends[line["run"]], line["host"]) for line in lines if line["kind"] == "began"]


def most_at_once(spans: list[tuple[float, float, str]]) -> int:
    """How many spans overlap at the worst moment."""
    most = now = 0
    for _, change in sorted([(begin, 1) for begin, _, _ in spans] + [(end, -1) for _, end, _ in spans]):
        now += change
        most = max(most, now)
    return most


def play(crowd: Crowd, workers: int) -> dict[str, Any]:
    """Let *workers* processes loose on *crowd*, and say what came of it."""
    wait_for([start(crowd.fill)])
    began = time.monotonic()
    wait_for([start(crowd.work) for _ in range(workers)])
    seconds = time.monotonic() - began
    wait_for([start(crowd.look)])
    record = Record(crowd.folder / "record")
    lines = record.lines()
    record.close()
    spans = intervals(lines)
    executed = Counter((line["host"], line["service"]) for line in lines if line["kind"] == "began")
    on_a_host = [most_at_once([one for one in spans if one[2] == host]) for host in {one[2] for one in spans}]
    said: dict[str, Any] = json.loads((crowd.folder / "said").read_text())
    return {
        "workers": workers,
        "incidents": crowd.incidents,
        "hosts": crowd.hosts,
        "executions": len(spans),
        "executions repeated": sum(count - 1 for count in executed.values()),
        "most runs at once": most_at_once(spans),
        "budget": CONCURRENT_RUNS,
        "most runs at once on a host": max(on_a_host),
        "seconds": round(seconds, 1),
        "incidents a second": round(crowd.incidents / seconds, 1),
        **said,
    }


def good(figures: Mapping[str, Any]) -> bool:
    """True if no law was broken and everything was healed."""
    return (
        figures["executions repeated"] == 0
        and figures["most runs at once"] <= figures["budget"]
        and figures["most runs at once on a host"] == 1
        and figures["states"] == {"resolved": figures["incidents"]}
        and figures["proof"] == "whole"
    )


def main() -> int:
    """Run it. Exit code 1 if a law was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--incidents", type=int, default=500)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--database-url", default=None)
    given = parser.parse_args()
    logging.basicConfig(level="WARNING", stream=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        figures = play(Crowd(Path(folder), given.incidents, given.hosts, given.database_url), given.workers)
    print(json.dumps(figures, indent=1))
    return int(not good(figures))


if __name__ == "__main__":
    raise SystemExit(main())
