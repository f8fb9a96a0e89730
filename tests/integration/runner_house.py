"""A small fleet of local hosts, and remedies made on the spot, for the tests that let the runner start Ansible."""

from __future__ import annotations

import contextlib
import os
import sys
import textwrap
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import yaml

from catalog.source import CatalogSource
from catalog.vetting import vet
from core.ansible_environment import AnsibleEnvironment
from core.clock import SystemClock
from core.fleets import Fleet, FleetFile, Host
from core.frozen import Frozen
from core.plans import Step
from core.remedies import Remedy
from core.runs import ProcessRef, RunEvent, RunResult
from core.settings import Settings
from fleets.freezer import Freezer
from loop.binding import Binder
from runner.executor import AnsibleExecutor
from runner.processes import MARKER

LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


@dataclass
class Ran:
    """What came of a run."""

    result: RunResult
    events: list[RunEvent]
    process: ProcessRef | None = None

    def kinds(self, host: str) -> list[str]:
        return [event.kind for event in self.events if event.host == host]

    @property
    def text(self) -> str:
        """Everything that anybody gets to see of the run."""
        return "\n".join([self.result.model_dump_json(), *(event.model_dump_json() for event in self.events)])


@dataclass
class House:
    """A content folder, a state folder and a fleet `lab` below *root*."""

    root: Path
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def __post_init__(self) -> None:
        (self.shipped / "catalog").mkdir(parents=True, exist_ok=True)
        (self.shipped / "catalog" / "symptoms.yml").write_text("{}")
        self.catalog = CatalogSource(self.content, self.shipped)

    @property
    def shipped(self) -> Path:
        return self.root / "shipped"

    @property
    def content(self) -> Path:
        return self.root / "content"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def settings(self) -> Settings:
        return Settings(content=self.content, state=self.state, probe_timeout=timedelta(seconds=20))

    @property
    def environment(self) -> AnsibleEnvironment:
        return AnsibleEnvironment(
            environ=self.environ, content=self.content, state=self.state, python_bin=Path(sys.executable).parent
        )

    def fleet(self, *, secrets: frozenset[str] = frozenset(), **hosts: dict[str, Any]) -> Fleet:
        """Write the inventory and return the fleet; hosts are local unless their variables say otherwise."""
        folder = self.content / "inventory" / "lab"
        folder.mkdir(parents=True, exist_ok=True)
        # Whoever runs the tests may have no home that can be written to.
        local = LOCAL | {"ansible_remote_tmp": str(self.root / "remote-tmp")}
        hosts = {name: local | variables for name, variables in hosts.items()}
        (folder / "fleet.yml").write_text("mode: approve\n")
        (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        found = tuple(Host(name=name, variables=variables) for name, variables in hosts.items())
        return Fleet(name="lab", folder=folder, file=FleetFile(), hosts=found, policy_digest="p", secrets=secrets)

    def remedy(self, name: str, tasks: str, *, parameters: tuple[str, ...] = (), **card: Any) -> Remedy:
        """Write a role with *tasks* and its playbook, and put the remedy on the shelf, vetted."""
        role = self.content / "roles" / name / "tasks"
        role.mkdir(parents=True, exist_ok=True)
        (role / "main.yml").write_text(textwrap.dedent(tasks))
        playbook = self.content / "playbooks" / f"{name}.yml"
        playbook.parent.mkdir(parents=True, exist_ok=True)
        play = {"name": name, "hosts": "all", "gather_facts": False, "roles": [name]}
        playbook.write_text(yaml.safe_dump([play]))
        card = {"title": f"The remedy {name}", "treats": [], "risk": "low"} | card
        card["parameters"] = {parameter: {"pattern": ".*"} for parameter in parameters}
        (playbook.parent / f"{name}.remedy.yml").write_text(yaml.safe_dump(card))
        if not parameters:
            self.vet(name)
            return self.catalog.current().remedy(name)
        option = {"type": "str", "required": True, "description": "Some text."}
        options = {f"{name}_{parameter}": option for parameter in parameters}
        specs = {"argument_specs": {"main": {"short_description": "x", "options": options}}}
        (role.parent / "meta").mkdir(exist_ok=True)
        (role.parent / "meta" / "argument_specs.yml").write_text(yaml.safe_dump(specs))
        vet(self.content, [name], shipped=self.shipped)
        return self.catalog.current().remedy(name)

    def vet(self, name: str) -> None:
        """Put the present digest of the remedy into the lock."""
        vet(self.content, [name], shipped=self.shipped)

    def step(self, remedy: Remedy, *hosts: str, **parameters: Any) -> Step:
        return Step(remedy=remedy.id, digest=remedy.digest, parameters=parameters, hosts=tuple(sorted(hosts)))

    def executor(self) -> AnsibleExecutor:
        return AnsibleExecutor(self.catalog, self.settings, SystemClock())

    @property
    def freezer(self) -> Freezer:
        return Freezer(self.environment)

    def frozen(self, fleet: Fleet, *steps: Step) -> Frozen:
        """What *steps* get of the controller, as it is now."""
        return Binder(self.freezer, self.catalog).freeze(fleet, self.catalog.current(), steps)

    def run(
        self,
        fleet: Fleet,
        step: Step,
        *,
        run_id: str = "run-1",
        cancel_at: str | None = None,
        frozen: Frozen | None = None,
    ) -> Ran:
        """Run *step* with what is *frozen*, or else is there now; with *cancel_at*, cancel it when that task begins."""
        events: list[RunEvent] = []
        processes: list[ProcessRef] = []
        cancel = threading.Event()

        def follow(event: RunEvent) -> None:
            events.append(event)
            if event.kind == "task" and cancel_at and event.task and event.task.endswith(cancel_at):
                cancel.set()

        result = self.executor().execute(
            run_id,
            fleet,
            step,
            frozen or self.frozen(fleet, step),
            on_event=follow,
            on_process=processes.append,
            cancelled=cancel.is_set,
        )
        return Ran(result, events, processes[0] if processes else None)


def processes_of(run_id: str) -> list[psutil.Process]:
    """The processes that carry the marker of *run_id*."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER) == run_id and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def is_running(pid: int) -> bool:
    """True if there is such a process, and it is not just waiting to be buried."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def everything_below(folder: Path) -> bytes:
    """The names and contents of all files below *folder*."""
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):  # Ansible may be at work in it
            found.append(str(path).encode() + b"\n" + path.read_bytes())
    return b"\n".join(found)
