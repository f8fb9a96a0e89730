"""fleetmend as several real processes over a real PostgreSQL and a real broker, with hosts that are this machine.

Its one remedy, `touch`, leaves a new file each time that it begins on a host, so that executions can be counted, and
goes on only when the test lets it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx

from catalog.vetting import vet
from core.settings import CHECKOUT
from tests.postgres import Postgres
from tests.unit.content import write

HOSTS = ("h1", "h2", "h3", "h4")
ENDED = ("resolved", "escalated", "closed", "rejected", "expired")
PATIENCE = 150.0


def wait_for(what: str, true: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What *true* answers as soon as that is something; a limit, not a measurement."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds:g} s"
        time.sleep(0.05)
    return found


class Broker(Protocol):
    """A server that can be stopped and started again."""

    @property
    def url(self) -> str: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass
class Process:
    """One `fleetmend` process, with what it wrote."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


@dataclass
class Stack:
    """Servers, content and processes of one test; everything is ended with it."""

    root: Path
    postgres: Postgres
    broker: Broker
    database: str = "stack"
    processes: list[Process] = field(default_factory=list)
    url: str = ""
    token: str = ""

    @property
    def marks(self) -> Path:
        return self.root / "marks"

    def environment(self, state: str = "state", **more: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "LOGNAME": "ada",
            "FLEETMEND_CONTENT": str(self.root / "content"),
            "FLEETMEND_STATE": str(self.root / state),
            "FLEETMEND_JOURNAL_KEY_FILE": str(self.root / "journal.key"),
            "FLEETMEND_DATABASE_URL": self.postgres.url(self.database),
            "FLEETMEND_BROKER_URL": self.broker.url,
            "FLEETMEND_PORT": "0",
            "FLEETMEND_LEASE": "3s",
            "FLEETMEND_WORKERS": "4",
            **more,
        }

    def begin(self, *arguments: str, state: str = "state", **more: str) -> Process:
        """Start `fleetmend` with *arguments*."""
        log = self.root / f"{arguments[0]}-{len(self.processes)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", *arguments],
                cwd=CHECKOUT,
                env=self.environment(state, **more),
                stdout=file,
                stderr=file,
            )
        begun = Process(process, log)
        self.processes.append(begun)
        return begun

    def ready(self, *begun: Process) -> None:
        """Wait until they work."""
        for one in begun:
            wait_for(f"{one.log.name}: {one.said}", lambda one=one: "Ctrl-C stops it" in one.said)

    def run(self, *arguments: str, **more: str) -> str:
        """Run one command that must succeed, and return what it printed."""
        done = self.attempt(*arguments, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def attempt(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        command = [sys.executable, "-m", "cli.main", *arguments]
        environment = self.environment("cli", **more)
        return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The API's decoded answer; None as long as it can't answer."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=60)
        if answer.status_code == 503:
            return None
        assert answer.is_success, answer.text
        return answer.json()

    def report(self, host: str) -> str:
        """Post a detection, until it is answered. Returns the incident's id."""
        found = {"fleet": "local", "host": host, "symptom": "port_closed", "subject": "web"}
        said = wait_for("an accepted detection", lambda: self.call("POST", "/detections", found))
        return str(said["accepted"][0]["incident"])

    def state(self, incident: str) -> str:
        """The incident's state, empty while nobody can tell it."""
        found = self.call("GET", f"/incidents/{incident}")
        return "" if found is None else str(found["incident"]["state"] if "incident" in found else found["state"])

    def begun(self, host: str) -> int:
        """How often the remedy began on *host*."""
        return len(list(self.marks.glob(f"{host}-*")))

    def let_go(self, host: str) -> None:
        """Let the remedy go on to its end on *host*."""
        (self.marks / f"go.{host}").touch()

    def ends(self, incident: str) -> str:
        """The state in which the incident ended."""
        try:
            wait_for(f"the end of {incident}", lambda: self.state(incident) in ENDED)
        except AssertionError as error:
            said = "\n".join(f"== {one.log.name}\n{one.log.read_text()[-1500:]}" for one in self.processes)
            account = self.call("GET", f"/incidents/{incident}")
            raise AssertionError(f"{error}\n{account}\n{self.call('GET', '/agents')}\n{said}") from None
        return self.state(incident)


def _write_content(root: Path, port: int) -> None:
    content = root / "content"
    probed = {"web": {"port": port, "address": "127.0.0.1"}}
    local = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "fleetmend_tcp": probed,
        "touch_marks": str(root / "marks"),
    }
    write(content / "inventory" / "local" / "hosts.yml", {"all": {"hosts": dict.fromkeys(HOSTS), "vars": local}})
    auto = {"auto": {"risk": "low", "confidence": 0.0}, "require_proof": "never"}
    budget = {"concurrent_runs": 4}
    write(
        content / "inventory" / "local" / "fleet.yml",
        {"mode": "auto", "policy": auto, "budget": budget, "storms": "off"},
    )
    card = {
        "title": "Touch a file",
        "treats": ["port_closed"],
        "risk": "low",
        "parameters": {},
        "reads": ["touch_marks"],
        "verify": {"within": "20s", "hold": "0s"},
        "cooldown": "0s",
    }
    write(content / "playbooks" / "touch.remedy.yml", card)
    play = {"name": "Touch", "hosts": "all", "gather_facts": False, "roles": ["touch"]}
    write(content / "playbooks" / "touch.yml", [play])
    tasks = [
        {
            "name": "Say that it began",
            "ansible.builtin.tempfile": {"path": "{{ touch_marks }}", "prefix": "{{ inventory_hostname }}-"},
        },
        {
            "name": "Wait until it may end",
            "ansible.builtin.wait_for": {"path": "{{ touch_marks }}/go.{{ inventory_hostname }}", "timeout": 120},
        },
    ]
    write(content / "roles" / "touch" / "tasks" / "main.yml", tasks)
    spec = {"argument_specs": {"main": {"short_description": "touch", "options": {}}}}
    write(content / "roles" / "touch" / "meta" / "argument_specs.yml", spec)
    vet(content, shipped=CHECKOUT)


@contextmanager
def stack(root: Path, postgres: Postgres, broker: Broker) -> Iterator[Stack]:
    """A content folder, a database and a key; no process yet. The probed port answers, so that everything is healed."""
    with ExitStack() as house:
        healthy = house.enter_context(socket.create_server(("127.0.0.1", 0)))
        _write_content(root, int(healthy.getsockname()[1]))
        (root / "marks").mkdir()
        (root / "journal.key").write_text(os.urandom(32).hex())
        postgres.make("stack")
        built = Stack(root, postgres, broker)
        try:
            yield built
        finally:
            for one in built.processes:
                one.kill()
