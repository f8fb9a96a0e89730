"""Hosts for the tests of the Ansible content: the demo's own, with real folders, supervisors and processes."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
DEMO = CHECKOUT / "inventory" / "demo"
BIN = Path(sys.executable).parent


def environment(*folders: Path, **more: str) -> dict[str, str]:
    """The little that Ansible and the tools beside it need; *folders* come first on the path."""
    path = ":".join(str(folder) for folder in (*folders, BIN, os.defpath, "/usr/sbin", "/sbin"))
    return {"PATH": path, "LC_ALL": "C.UTF-8", **more}


@dataclass(frozen=True)
class Play:
    """How a playbook ended on one host: its exit status, its counts, and the results of its tasks."""

    rc: int
    stats: dict[str, int]
    results: tuple[dict[str, Any], ...]
    output: str

    @property
    def changed(self) -> bool:
        return self.stats["changed"] > 0

    @property
    def messages(self) -> str:
        """All messages of all tasks, as text."""
        return "\n".join(str(result["msg"]) for result in self.results if "msg" in result)

    @property
    def diff(self) -> str:
        """All differences that were shown, as text."""
        return json.dumps([result["diff"] for result in self.results if result.get("diff")])


class LocalHost:
    """The host demo1 of the demo's inventory, in a folder of its own below *root*."""

    name = "demo1"

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / self.name
        self.tools = root / "bin"
        """Programs that a test puts here are found before the machine's own."""
        self.enter: tuple[str, ...] = ()
        """What comes before the command of a play: into which namespaces it goes."""
        self.surroundings: dict[str, str] = {}
        """More variables of a play's environment."""
        self.port = _free_port()
        for part in ("web", "logs", "jobs", "spool"):
            (self.folder / part).mkdir(parents=True)
        (self.folder / "port").write_text(f"{self.port}\n")
        (self.folder / "web" / "web.conf").write_bytes((DEMO / "files" / "web.conf").read_bytes())

    def play(self, remedy: str, *arguments: str, inventory: Path = DEMO / "hosts.yml", **variables: object) -> Play:
        """Run the playbook of *remedy* on this host; *variables* are the role's, without its prefix."""
        extra = json.dumps({f"{remedy}_{name}": value for name, value in variables.items()})
        command = [str(BIN / "ansible-playbook"), "-i", str(inventory), "-l", self.name, "-e", extra, *arguments]
        done = subprocess.run(
            [*self.enter, *command, str(CHECKOUT / "playbooks" / f"{remedy}.yml")],
            env=environment(
                self.tools,
                HOME=str(self.root),
                FLEETMEND_DEMO=str(self.root),
                ANSIBLE_HOME=str(self.root / "ansible"),
                ANSIBLE_REMOTE_TMP=str(self.root / "ansible" / "tmp"),
                ANSIBLE_ROLES_PATH=str(CHECKOUT / "roles"),
                ANSIBLE_STDOUT_CALLBACK="ansible.posix.json",
                **self.surroundings,
            ),
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        output = done.stdout + done.stderr
        start = done.stdout.find("{\n")
        assert start >= 0, output
        document = json.loads(done.stdout[start:])
        tasks = [task["hosts"].get(self.name) for play in document["plays"] for task in play["tasks"]]
        return Play(done.returncode, document["stats"][self.name], tuple(task for task in tasks if task), output)

    @contextmanager
    def supervised(self) -> Iterator[Callable[[str], str]]:
        """Run the web service under a supervisor; gives a function that runs supervisorctl and returns its output."""
        config = self.folder / "supervisord.conf"
        with tempfile.TemporaryDirectory(prefix="fm") as short:  # paths of sockets must be short
            template = string.Template((DEMO / "app" / "supervisord.conf.template").read_text())
            values = {"host_dir": self.folder, "app_dir": DEMO / "app", "python": sys.executable, "port": self.port}
            config.write_text(template.substitute(values, socket=f"{short}/s"))
            supervisor = subprocess.Popen([BIN / "supervisord", "-c", config], env=environment(), cwd=self.root)

            def control(*words: str) -> str:
                command = [BIN / "supervisorctl", "-c", config, *words]
                return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False).stdout

            try:
                wait_until(lambda: "RUNNING" in control("status", "web"))
                yield control
            finally:
                supervisor.terminate()
                supervisor.wait(30)


@contextmanager
def local_host() -> Iterator[LocalHost]:
    """A host in a temporary folder that any user can make."""
    with tempfile.TemporaryDirectory(prefix="fleetmend-test-") as root:
        yield LocalHost(Path(root).resolve())


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A real process, ended and reaped afterwards. It has printed its first line when this returns."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def identity_of(pid: int) -> dict[str, Any]:
    """pid, started and command_digest of a process, as the process probe measures them."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    digest = hashlib.sha256(Path(f"/proc/{pid}/cmdline").read_bytes()).hexdigest()
    return {"pid": pid, "started": int(fields[19]), "command_digest": digest}


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until *true* holds; a limit, not a measurement."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
