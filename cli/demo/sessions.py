"""Programs that the demo starts, each in a session of its own, and their end: whole sessions, and nothing else.

A session's number is the pid of its leader. The leader is reaped last, so that its pid can't be given to another
process while the session is looked for: what carries the number is ours.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from core.errors import FleetmendError

_TETHER = Path(__file__).with_name("tether.py")
_TERM_SECONDS = 5.0
_KILL_SECONDS = 5.0
_LOOK_SECONDS = 0.02


class Session:
    """One program with all that it starts. It is ended with us, however we end: the kernel sees to that."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path,
        output: Path,
        environment: Mapping[str, str],
        death: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Start *command* (its first word is an absolute path) in *folder*. *death* is sent to it when we are gone."""
        tether: list[str | Path] = [sys.executable, "-I", "-S", _TETHER, str(os.getpid()), str(int(death))]
        with output.open("ab") as out:
            self._leader = subprocess.Popen(
                [*tether, *command],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._leader.pid

    @property
    def runs(self) -> bool:
        """True while the program itself runs. Does not reap it."""
        try:
            return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    @property
    def processor_seconds(self) -> float:
        """Processor time that the program itself has used; 0 once it has ended."""
        try:
            times = psutil.Process(self.pid).cpu_times()
        except psutil.NoSuchProcess:
            return 0.0
        return float(times.user + times.system) if self.runs else 0.0

    def children(self) -> list[psutil.Process]:
        """What the program started, directly."""
        try:
            return psutil.Process(self.pid).children()
        except psutil.NoSuchProcess:
            return []

    def reap(self) -> None:
        """Let go of the program that has ended."""
        self._leader.wait()


def end_sessions(sessions: Iterable[Session]) -> None:
    """End every process of *sessions*: TERM, and KILL for what stays. Raises FleetmendError if one can't be ended."""
    ours = list(sessions)
    numbers = {session.pid for session in ours}
    left = _signal_until_gone(numbers, signal.SIGTERM, _TERM_SECONDS)
    if left:
        left = _signal_until_gone(numbers, signal.SIGKILL, _KILL_SECONDS)
    if left:
        pids = ", ".join(str(process.pid) for process in left)
        raise FleetmendError(f"these processes of the demo could not be ended; end them by hand: {pids}")
    for session in ours:
        session.reap()


def _signal_until_gone(numbers: set[int], number: signal.Signals, seconds: float) -> list[psutil.Process]:
    """Send signal *number* once to each process of the sessions, new ones too, until none is left or time is up."""
    deadline = time.monotonic() + seconds
    told: set[psutil.Process] = set()
    while (left := _members(numbers)) and time.monotonic() < deadline:
        for process in left:
            if process not in told:
                told.add(process)
                _send(process, number)
        time.sleep(_LOOK_SECONDS)
    return left


def _members(numbers: set[int]) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) in numbers and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)  # psutil compares the start time first
    except psutil.Error:
        return
