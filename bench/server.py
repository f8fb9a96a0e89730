"""A fleetmend of its own for a benchmark, as users start it: with a fleet, until the benchmark is over."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent
FLEET, HOSTS, SUBJECTS = "bench", 20, 10
"""Detections go round over so many problems, so that nearly all fold into live incidents, as repeated alerts do."""
STARTS_SECONDS = 60


class Running(NamedTuple):
    """Where it answers, who may ask, and the process that answers."""

    url: str
    token: str
    process: subprocess.Popen[str]

    def ask(self, path: str, body: bytes | None = None) -> str:
        """What it answers to a GET, or to a POST of *body*."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, body, headers)
        with urllib.request.urlopen(request, timeout=300) as answer:
            return str(answer.read().decode())

    def decoded(self, path: str) -> Any:
        """The same, for the API's JSON."""
        return json.loads(self.ask(f"/api/v1{path}"))

    def figure(self, name: str) -> int:
        """One of its metrics."""
        [line] = [line for line in self.ask("/metrics").splitlines() if line.startswith(f"{name} ")]
        return int(float(line.split()[-1]))


WriteContent = Callable[[Path], None]


def write_fleet(content: Path) -> None:
    """A fleet of hosts that are only observed, and never contacted."""
    folder = content / "inventory" / FLEET
    folder.mkdir(parents=True)
    (folder / "fleet.yml").write_text("mode: observe\nstorms: off\n")
    hosts = "\n".join(f"    h{number}: {{}}" for number in range(HOSTS))
    (folder / "hosts.yml").write_text(f"all:\n  hosts:\n{hosts}\n")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a fleetmend on a new state in *folder*; *more* are further settings."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("FLEETMEND_")}
    return given | {
        "FLEETMEND_CONTENT": str(folder / "content"),
        "FLEETMEND_STATE": str(folder / "state"),
        "FLEETMEND_PORT": "0",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


@contextmanager
def embedded(
    folder: Path, write_content: WriteContent = write_fleet, python: str = sys.executable, **more: str
) -> Iterator[Running]:
    """`fleetmend up` on a new state in *folder*; *more* are further settings."""
    write_content(folder / "content")
    command = [python, "-m", "cli.main", "up"]
    given = environment(folder, **more)
    with subprocess.Popen(command, cwd=CHECKOUT, env=given, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = read_until(process, "Watching", "Nothing is watched")
            url, token = re.search(r"(http://\S+)/api/v1/docs", said), re.search(r"(fm_\S+)", said)
            assert url is not None and token is not None, said
            yield Running(url[1], token[1], process)
        finally:
            process.terminate()
            process.wait(STARTS_SECONDS)


def read_until(process: subprocess.Popen[str], *words: str) -> str:
    """What *process* says until one of *words*."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if any(word in line for word in words):
            return said
    raise RuntimeError(f"it did not start:\n{said}")
