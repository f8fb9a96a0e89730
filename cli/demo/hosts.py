"""The demo's three hosts: folders, a real supervisor with a web service, and a quiet job each, on this one machine.

The inventory in `inventory/demo` says where everything lies; this puts it there, and takes it away again.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import string
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cli.demo.sessions import Session, end_sessions
from core.errors import FleetmendError

NAMES = ("demo1", "demo2", "demo3")
"""As in `inventory/demo/hosts.yml`."""

_PARTS = ("web", "logs", "jobs", "spool")
_UP_WORDS = "web entered RUNNING state"
_UP_SECONDS = 30.0
_LOOK_SECONDS = 0.05
_ANSWER_SECONDS = 2.0


class DemoHost:
    """One host: a folder, a port, and the programs that were started for it."""

    def __init__(self, name: str, folder: Path, app: Path, *, port: int, socket_path: Path) -> None:
        self.name, self.folder, self.port, self._app = name, folder, port, app
        self.config = folder / "web" / "web.conf"
        self.logs = folder / "logs"
        self._supervisor_config = folder / "supervisord.conf"
        self._socket = socket_path
        self.sessions: list[Session] = []

    def lay_out(self) -> None:
        """Make the folder with all its files."""
        for part in _PARTS:
            (self.folder / part).mkdir(parents=True)
        (self.folder / "port").write_text(f"{self.port}\n", encoding="utf-8")
        shutil.copy(self._app.parent / "files" / "web.conf", self.config)
        template = string.Template((self._app / "supervisord.conf.template").read_text(encoding="utf-8"))
        values = {
            "host_dir": self.folder,
            "app_dir": self._app,
            "python": sys.executable,
            "socket": self._socket,
            "port": self.port,
        }
        # A percent sign has a meaning to supervisor, unless it stands there twice.
        escaped = {name: str(value).replace("%", "%%") for name, value in values.items()}
        self._supervisor_config.write_text(template.substitute(escaped), encoding="utf-8")

    def start(self) -> None:
        """Start the supervisor, which starts the web service, and the quiet job."""
        supervisor = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c"]
        self._start([*supervisor, self._supervisor_config], "supervisord.out", signal.SIGTERM)
        self.start_job("quiet.py")

    def start_job(self, script: str) -> Session:
        """Copy *script* of the demo's application into the host's `jobs/` and run it from there."""
        copy = self.folder / "jobs" / script
        shutil.copy(self._app / "jobs" / script, copy)
        return self._start([sys.executable, copy], f"{script}.out", signal.SIGKILL)

    @property
    def is_up(self) -> bool:
        """True once the supervisor counts the web service as running, and it answers 200."""
        log = self.folder / "supervisord.log"
        return log.is_file() and _UP_WORDS in log.read_text(encoding="utf-8", errors="replace") and self.answer() == 200

    def answer(self) -> int | None:
        """The HTTP status that the web service gives on /health, or None if it gives none."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self.port}/health", timeout=_ANSWER_SECONDS) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            return None

    @property
    def web_pids(self) -> list[int]:
        """The processes that the supervisor has started: the web service, while it runs."""
        return [child.pid for child in self.sessions[0].children()]

    def complaint(self) -> str:
        """The last line that anything on this host logged, for an error message."""
        for name in ("web.out", "supervisord.log", "supervisord.out"):
            path = self.folder / name
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n") if path.is_file() else []
            said = [line.strip() for line in lines if line.strip()]
            if said:
                return f"{name}: {said[-1]}"
        return "it has logged nothing"

    def _start(self, command: Sequence[str | Path], output: str, death: signal.Signals) -> Session:
        session = Session(
            command, folder=self.folder, output=self.folder / output, environment=_environment(), death=death
        )
        self.sessions.append(session)
        return session


@contextmanager
def demo_hosts(
    root: Path, app: Path, *, pause: Callable[[float], None] = time.sleep
) -> Iterator[Mapping[str, DemoHost]]:
    """Put the hosts up under *root*, with the application in *app* (`inventory/demo/app`); at the end, take all away.

    Gives the hosts by name, once every web service answers. *pause* waits for some seconds; what it raises ends the
    start-up. Raises FleetmendError if a host does not come up.
    """
    with ExitStack() as cleanup:
        # Paths of sockets must be short, and *root* may be anywhere.
        sockets = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="fm-")))
        hosts: dict[str, DemoHost] = {}
        for name, port in zip(NAMES, _free_ports(len(NAMES)), strict=True):
            hosts[name] = DemoHost(name, root / name, app, port=port, socket_path=sockets / name)
            shutil.rmtree(root / name, ignore_errors=True)  # what is left of one whose machine went down
            cleanup.callback(shutil.rmtree, root / name, ignore_errors=True)
            hosts[name].lay_out()
        cleanup.callback(lambda: end_sessions(session for host in hosts.values() for session in host.sessions))
        for host in hosts.values():
            host.start()
        _await(hosts, pause)
        yield hosts


def _await(hosts: Mapping[str, DemoHost], pause: Callable[[float], None]) -> None:
    deadline = time.monotonic() + _UP_SECONDS
    waiting = list(hosts.values())
    while waiting := [host for host in waiting if not host.is_up]:
        for host in waiting:
            if not host.sessions[0].runs or time.monotonic() > deadline:
                raise FleetmendError(f"{host.name} of the demo does not come up; {host.complaint()}")
        pause(_LOOK_SECONDS)


def _free_ports(count: int) -> list[int]:
    """Ports that are free, all different because all are held while they are looked for."""
    with ExitStack() as held:
        ports = []
        for _ in range(count):
            probe = held.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            ports.append(int(probe.getsockname()[1]))
        return ports


def _environment() -> dict[str, str]:
    """The little that supervisor and the service need."""
    return {"PATH": os.environ.get("PATH") or os.defpath, "LC_ALL": "C.UTF-8"}
