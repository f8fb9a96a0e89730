"""What a demo may not leave behind: processes and files, found by a folder that only it was given."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil


def processes_of(folder: Path) -> list[str]:
    """Every living process but this one that names *folder* in its command line or its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
            if process.pid != os.getpid() and any(str(folder) in word for word in words):
                found.append(f"{process.pid} {process.status()} {' '.join(process.cmdline())[:200]}")
        except psutil.Error:
            continue
    return found


def wait_until_gone(folder: Path, seconds: float = 30.0) -> None:
    """Wait until no process of *folder* is left; a limit, not a measurement."""
    deadline = time.monotonic() + seconds
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left, left
