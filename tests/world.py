"""A world for the loop to heal, in memory: hosts with faults, remedies that may cure them, and a clock that waits.

Everything of ours is real: catalog, store, planner, policy, engine. Only Ansible and the hosts are stood in for, by
`World`, which is the Executor, the Recheck and the fleets' resolver at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from catalog.source import CatalogSource
from catalog.vetting import vet
from core.ansible_environment import AnsibleEnvironment
from core.clock import ManualClock
from core.detections import Detection, Signal
from core.fleets import Fleet, Host
from core.frozen import Frozen
from core.incidents import Incident
from core.plans import Step
from core.points import Witness
from core.runs import HostDiff, HostResult, Preview, ProcessRef, RunEvent, RunResult, RunStatus
from core.samples import SignalState
from core.settings import CHECKOUT, Settings
from fleets.resolve import Resolved
from fleets.source import FleetSource
from loop.wiring import Loop, wire
from planner.chooser import Chooser
from tests.engines import url_in
from tests.stores import detection
from tests.unit.content import prove_all, write_shipped

ACTIONS = ("restart", "repair")
"""The world's own remedies: both treat `broken`, and `repair` is read as the second choice after a failure."""


@dataclass
class World:
    """What is broken, and what cures it. `cures`: remedy -> symptoms that it ends on the hosts it runs on."""

    broken: set[Signal] = field(default_factory=set)
    cures: dict[str, set[str]] = field(default_factory=lambda: {"restart": {"service_down"}})
    executed: list[Step] = field(default_factory=list)
    frozen: list[Frozen] = field(default_factory=list)
    """What each of them got of the controller."""
    preview_status: RunStatus = RunStatus.SUCCESSFUL
    previewed: list[Step] = field(default_factory=list)
    diffs: dict[str, str] = field(default_factory=dict)
    """What check mode would say, by host."""
    settled: list[str] = field(default_factory=list)
    result: RunStatus = RunStatus.SUCCESSFUL
    while_running: Callable[[Step], None] = lambda _step: None

    def break_it(self, found: Detection) -> Detection:
        """Make what *found* says true."""
        self.broken.add(found.signal)
        return found

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
        self.executed.append(step)
        self.frozen.append(frozen)
        on_process(ProcessRef(pid=2**22 + 1, started=0.0))
        self.while_running(step)
        if cancelled():
            return RunResult(status=RunStatus.CANCELLED, problem="cancelled")
        if self.result is RunStatus.SUCCESSFUL:
            cured = self.cures.get(step.remedy, set())
            self.broken = {one for one in self.broken if one.host not in step.hosts or one.symptom not in cured}
        results = {host: HostResult(ok=1) for host in step.hosts}
        problem = None if self.result is RunStatus.SUCCESSFUL else "the task failed"
        return RunResult(status=self.result, results=results, problem=problem)

    def preview(self, fleet: Fleet, step: Step, frozen: Frozen, *, timeout: timedelta | None = None) -> Preview:
        self.previewed.append(step)
        hosts = tuple(HostDiff(host=host, diff=self.diffs.get(host, "")) for host in step.hosts)
        problem = None if self.preview_status is RunStatus.SUCCESSFUL else "it took too long"
        return Preview(result=RunResult(status=self.preview_status, problem=problem), hosts=hosts)

    def settle(self, run_id: str, process: ProcessRef | None) -> None:
        self.settled.append(run_id)

    def check(self, fleet: Fleet, signals: Sequence[Signal]) -> Mapping[Signal, SignalState]:
        return {one: SignalState.FIRING if one in self.broken else SignalState.CLEAR for one in signals}


@dataclass
class House:
    """A wired loop with its world. `settle_down` does what workers and reconciler would do, until nothing moves."""

    loop: Loop
    world: World
    clock: ManualClock
    content: Path

    def report(self, **changes: Any) -> Incident:
        """Something breaks, and is detected."""
        found = self.world.break_it(detection(self.clock, **changes))
        [accepted] = self.loop.intake.accept([found])
        return self.incident(accepted.incident_id)

    def incident(self, incident_id: str) -> Incident:
        return self.loop.context.store.incidents.get(incident_id)

    def settle_down(self, most: timedelta = timedelta(minutes=20)) -> None:
        """Advance whatever is due, moving the clock to the next due time, for at most *most*."""
        store, end = self.loop.context.store, self.clock.now() + most
        while True:
            for incident_id in store.incidents.due(self.clock.now()):
                self.loop.engine.advance(incident_id)
            dues = [one.due_at for one in store.incidents.newest(live=True) if one.due_at is not None]
            if not dues or min(dues) > end:
                return
            self.clock.advance(max(min(dues) - self.clock.now(), timedelta(milliseconds=1)))

    def healed(self, **changes: Any) -> Incident:
        """Report a problem and see it through."""
        opened = self.report(**changes)
        self.settle_down()
        return self.incident(opened.id)

    def journal(self, kind: str) -> list[dict[str, Any]]:
        """The bodies of the journal's entries of one kind."""
        return [entry.body for entry in self.loop.context.store.journal.entries() if entry.kind == kind]

    def rewrite_fleet(self, **file: Any) -> None:
        """Change `fleet.yml`."""
        write_fleet(self.content, **file)


HOSTS = tuple(
    Host(name=name, groups=("all",), variables={"fleetmend_services": {"web": {}, "db": {}}, "ansible_host": name})
    for name in ("h1", "h2", "h3")
)


def write_fleet(content: Path, **file: Any) -> None:
    """The `fleet.yml` of `demo`."""
    (content / "inventory" / "demo" / "fleet.yml").write_text(yaml.safe_dump(file))


def write_content(content: Path, cards: Mapping[str, Any] = MappingProxyType({}), **file: Any) -> None:
    """A content folder with the fleet `demo` and two remedies of its own, whose cards have *cards* in them, too."""
    (content / "inventory" / "demo").mkdir(parents=True)
    write_fleet(content, **file)
    for name in ACTIONS:
        role = content / "roles" / name
        for folder in ("tasks", "meta"):
            (role / folder).mkdir(parents=True)
        option = {"type": "str", "required": True, "description": "The service."}
        spec = {"main": {"short_description": name, "options": {f"{name}_service": option}}}
        (role / "meta" / "argument_specs.yml").write_text(yaml.safe_dump({"argument_specs": spec}))
        (role / "tasks" / "main.yml").write_text(yaml.safe_dump([{"name": "Do it", "ansible.builtin.debug": {}}]))
        (content / "playbooks").mkdir(exist_ok=True)
        play = [{"name": name, "hosts": "all", "gather_facts": False, "roles": [name]}]
        (content / "playbooks" / f"{name}.yml").write_text(yaml.safe_dump(play))
        card = {
            "title": f"{name} a service",
            "treats": ["service_down", "port_closed"] if name == "repair" else ["service_down"],
            "risk": "low" if name == "restart" else "medium",
            "parameters": {"service": {"from": "fleetmend_services"}},
            "verify": {"within": "60s", "hold": "30s"},
            **cards,
        }
        (content / "playbooks" / f"{name}.remedy.yml").write_text(yaml.safe_dump(card))


AUTO = {
    "mode": "auto",
    "policy": {"auto": {"risk": "medium", "confidence": 0.0, "own_word": "medium"}},
    "cooldown": "0s",
}
"""A fleet in which whatever is vetted runs by itself."""


@contextmanager
def open_house(
    folder: Path,
    *,
    clock: ManualClock | None = None,
    world: World | None = None,
    chooser: Chooser | None = None,
    witness: Witness | None = None,
    settings: Mapping[str, Any] | None = None,
    hosts: Sequence[Host] = (),
    cards: Mapping[str, Any] = MappingProxyType({}),
    more_fleets: Mapping[str, Sequence[Host]] = {},
    **file: Any,
) -> Iterator[House]:
    """A loop over the content and the state in *folder*, both made if they are not there yet.

    *more_fleets*: fleets beside `demo`, with the same `fleet.yml` and hosts of their own.
    """
    content, state, shipped = folder / "content", folder / "state", folder / "shipped"
    if not content.exists():
        write_content(content, cards, **(file or AUTO))
        for name in more_fleets:
            shutil.copytree(content / "inventory" / "demo", content / "inventory" / name)
        write_shipped(shipped, yaml.safe_load((CHECKOUT / "catalog" / "symptoms.yml").read_text()))
        vet(content, shipped=shipped)
        prove_all(content, shipped)
    clock, world = clock or ManualClock(), world or World()
    environment = AnsibleEnvironment(environ={}, content=content, state=state, python_bin=folder)
    fleets = FleetSource(
        content,
        environment=environment,
        clock=clock,
        resolve=lambda resolver: Resolved(
            hosts=tuple(more_fleets.get(resolver.folder.name, hosts)) or HOSTS, secrets=frozenset()
        ),
    )
    loop = wire(
        Settings(content=content, state=state, **({"database_url": url_in(state)} | (settings or {}))),
        clock=clock,
        executor=world,
        recheck=world,
        catalog=CatalogSource(content, shipped),
        fleets=fleets,
        chooser=lambda _settings: chooser,
        witness=witness,
    )
    try:
        yield House(loop, world, clock, content)
    finally:
        loop.close()
