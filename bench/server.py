"""A `fleetmend up` of its own for a benchmark: a process with a fleet that is only observed, as users start it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent
FLEET, HOSTS, SUBJECTS = "bench", 20, 10
"""Detections go round over so many problems, so that nearly all fold into live incidents, as repeated alerts do."""
_STARTS_SECONDS = 60


class Running(NamedTuple):
    """Where it answers, who may ask, and its process."""

    url: str
    token: str
    process: subprocess.Popen[str]


def write_fleet(content: Path) -> None:
    """A fleet of hosts that are never contacted."""
    folder = content / "inventory" / FLEET
    folder.mkdir(parents=True)
    (folder / "fleet.yml").write_text("mode: observe\n")
    hosts = "\n".join(f"    h{number}: {{}}" for number in range(HOSTS))
    (folder / "hosts.yml").write_text(f"all:\n  hosts:\n{hosts}\n")


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Running]:
    """`fleetmend up` on a new state in *folder*; *environment* are further settings."""
    write_fleet(folder / "content")
    given = {name: value for name, value in os.environ.items() if not name.startswith("FLEETMEND_")}
    given |= {
        "FLEETMEND_CONTENT": str(folder / "content"),
        "FLEETMEND_STATE": str(folder / "state"),
        "FLEETMEND_PORT": "0",
        "PYTHONUNBUFFERED": "1",
        **environment,
    }
    command = [sys.executable, "-m", "cli.main", "up"]
    with subprocess.Popen(command, cwd=CHECKOUT, env=given, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _welcomed(process)
        finally:
            process.terminate()
            process.wait(_STARTS_SECONDS)


def _welcomed(process: subprocess.Popen[str]) -> Running:
    """Read what it says at its start, until it watches."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Watching" in line or "Nothing is watched" in line:
            url, token = re.search(r"(http://\S+)/api/v1/docs", said), re.search(r"(fm_\S+)", said)
            if url is not None and token is not None:
                return Running(url[1], token[1], process)
    raise RuntimeError(f"fleetmend up did not start:\n{said}")
