"""`fleetmend up` as a process of its own that may open 1,024 files, with a remedy whose verification can be held up."""

from __future__ import annotations

import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from catalog.vetting import vet
from core.settings import CHECKOUT
from tests.unit.content import write, write_remedy

FILES = 1_024
PATIENCE_SECONDS = 90.0
HOOK_TOKEN = "hook-token-of-the-attacked"


@dataclass
class Attacked:
    """The process, how it is reached, and how its host gets well."""

    process: subprocess.Popen[str]
    port: int
    token: str
    listen: Callable[[], None]
    """Has the service of the fleet's host listen: it is well from then on."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """An answer, asked for again while there is no room for the question."""
        until = time.monotonic() + PATIENCE_SECONDS
        headers = {"Authorization": f"Bearer {self.token}"}
        while True:
            try:
                answer = httpx.request(method, self.url + path, json=body, headers=headers, timeout=30)
                if answer.status_code != 503:
                    return answer
            except httpx.TransportError:
                pass
            assert time.monotonic() < until, f"{method} {path} is not answered"
            time.sleep(0.05)

    def state(self, incident: str) -> tuple[str, str]:
        """The incident's state and why it is in it."""
        found = self.call("GET", f"/incidents/{incident}").json()
        return found["state"], found["reason"]

    def wait_for_state(self, incident: str, *states: str) -> tuple[str, str]:
        """The incident's state and reason once it is one of *states*."""
        until = time.monotonic() + PATIENCE_SECONDS
        while (found := self.state(incident))[0] not in states:
            assert time.monotonic() < until, found
            time.sleep(0.1)
        return found

    @contextmanager
    def memory(self) -> Iterator[Callable[[], float]]:
        """What says how many megabytes it held at most since the block began."""
        process, over, most = psutil.Process(self.process.pid), threading.Event(), [0.0]

        def look() -> None:
            while not over.is_set():
                most[0] = max(most[0], process.memory_info().rss / 1e6)
                over.wait(0.02)

        looking = threading.Thread(target=look)
        looking.start()
        try:
            yield lambda: most[0]
        finally:
            over.set()
            looking.join()


@contextmanager
def attacked(root: Path, **settings: str) -> Iterator[Attacked]:
    """It is up until the block ends. Its fleet has one host, this machine, whose service listens nowhere yet."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # taken, so that nobody else gets it, and closed to whoever asks
        service_port = int(reserved.getsockname()[1])
        _write_content(root / "content", service_port)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            "FLEETMEND_STATE": str(root / "state"),
            "FLEETMEND_CONTENT": str(root / "content"),
            "FLEETMEND_PORT": "0",
            "FLEETMEND_ALERTMANAGER_TOKEN": HOOK_TOKEN,
            **settings,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "up"],
            cwd=CHECKOUT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=(root / "log").open("w"),
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES)),
        )
        try:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if "Ctrl-C stops it" in line:
                    break
            url, token = re.search(r"http://127\.0\.0\.1:(\d+)/api", said), re.search(r"fm_[\w-]+", said)
            assert url is not None and token is not None, said + (root / "log").read_text()
            yield Attacked(process, int(url[1]), token[0], reserved.listen)
        finally:
            process.kill()
            process.communicate()


def _write_content(content: Path, port: int) -> None:
    local = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "fleetmend_tcp": {"web": {"port": port, "address": "127.0.0.1"}},
    }
    write(content / "inventory" / "local" / "hosts.yml", {"all": {"hosts": {"h1": None, "h2": None}, "vars": local}})
    policy = {"auto": {"risk": "low", "confidence": 0.0}, "require_proof": "never"}
    write(content / "inventory" / "local" / "fleet.yml", {"mode": "auto", "policy": policy, "storms": "off"})
    card = {"treats": ["port_closed"], "risk": "low", "verify": {"within": "4m", "hold": "0s"}}
    plays = [{"name": "Nothing", "hosts": "all", "gather_facts": False, "roles": ["nothing"]}]
    write_remedy(content, "nothing", card=card, options={}, plays=plays)
    vet(content)
