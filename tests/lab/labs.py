"""Labs for tests: real ones, under the folder that `fleetmend lab` uses, so that the base tree is built once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.settings import CHECKOUT, Settings
from lab.clearing import left_of, take_down
from lab.folders import LabsFolder
from lab.lab import Lab
from lab.raising import bring_up

LABS: Path = Settings().lab
FLEETMEND = (sys.executable, "-m", "cli.main")

real = [
    pytest.mark.skipif(os.geteuid() != 0, reason="a lab needs root"),
    pytest.mark.timeout(1800),  # the first one builds the base tree
]


@contextmanager
def a_lab(name: str, *hosts: str) -> Iterator[Lab]:
    """A lab of its own, which is taken down at the end, and leaves nothing."""
    take_down(LABS, name)
    try:
        yield bring_up(LABS, name, hosts=hosts)
    finally:
        take_down(LABS, name)
        assert traces(name) == []


def traces(name: str) -> list[str]:
    """Whatever there is of a lab: what `down` looks for, and what it does not."""
    where = LabsFolder(LABS.resolve())
    folder = where.lab(name)
    loops = subprocess.run(
        ["losetup", "--list", "--noheadings", "--output", "BACK-FILE"], capture_output=True, text=True, check=True
    )
    places = [folder.path, where.lock(name), *Path("/run/systemd/nspawn/propagate").glob(f"fm-{name}-*")]
    return [
        *left_of(where, name),
        *(str(place) for place in places if place.exists()),
        *(line for line in loops.stdout.splitlines() if line.startswith(f"{folder.path}/")),
    ]


def fleetmend(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [*FLEETMEND, *words],
        cwd=CHECKOUT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
