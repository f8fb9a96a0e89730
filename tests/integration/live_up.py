"""`fleetmend up` as a process of its own, over folders of the test's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.settings import CHECKOUT


@dataclass
class Place:
    """Folders of the test's own, and commands that work on them."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "LOGNAME": "ada",
            "FLEETMEND_STATE": str(self.root / "state"),
            "FLEETMEND_CONTENT": str(self.root / "content"),
            "FLEETMEND_PORT": "0",
            "FLEETMEND_PROBE_TIMEOUT": "60s",
        }

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=CHECKOUT,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @contextmanager
    def up(self, **environment: str) -> Iterator[Up]:
        """Run `fleetmend up` while the block lasts."""
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "up"],
            cwd=CHECKOUT,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield Up(process)
        finally:
            process.kill()
            process.communicate()

    def left_behind(self) -> list[str]:
        """Processes that have our folder in their command line."""
        lines = [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]
        return [line for line in lines if str(self.root) in line]


@dataclass
class Up:
    """A running `fleetmend up`."""

    process: subprocess.Popen[str]

    def read_until(self, word: str) -> str:
        """What it prints up to the line with *word*."""
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if word in line:
                return "".join(lines)
        _, errors = self.process.communicate()
        raise AssertionError(f"{word!r} did not come: {''.join(lines)}\n{errors}")

    def stop(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal, and return the exit code and what was written to standard error in all."""
        self.process.send_signal(number)
        _, errors = self.process.communicate()
        return self.process.returncode, errors
