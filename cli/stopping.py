"""Ctrl-C and TERM for `fleetmend up`: the first asks it to stop cleanly, the second stops it at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ENDED_BY = 128


def end_now() -> None:
    """End this process although threads of it wait for a host or a model still. It is as safe as killing it."""
    sys.stdout.flush()
    os._exit(0)


class Stopping:
    """Catches the signals while its block lasts. To be entered in the main thread.

    The first one only sets a mark, so that it can't fall between the start of a process and the note that it has to
    be ended. The second one ends this process with all its threads; the runs that it leaves are settled at the next
    start.
    """

    def __init__(self) -> None:
        self._told = threading.Event()

    def wait(self, seconds: float) -> bool:
        """Wait for *seconds*, or until a signal has come. True if one has."""
        return self._told.wait(seconds)

    def pause(self, seconds: float) -> None:
        """Wait for *seconds*. Raises KeyboardInterrupt as soon as a signal has come."""
        if self.wait(seconds):
            raise KeyboardInterrupt

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self._told.is_set():
            os._exit(_ENDED_BY + number)
        self._told.set()

    def __enter__(self) -> Self:
        # What nohup had us ignore stays ignored.
        caught = [one for one in _SIGNALS if one is not signal.SIGHUP or signal.getsignal(one) is not signal.SIG_IGN]
        self._before: dict[signal.Signals, Any] = {one: signal.signal(one, self._note) for one in caught}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
