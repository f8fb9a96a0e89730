"""Ctrl-C and TERM, turned into something that is only noticed where the demo waits.

A signal that raised an exception wherever it fell could fall between the start of a process and the note that it has
to be ended. So a signal only sets a mark; `pause` and `check` raise when they see it, and cleaning up does neither.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

_CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """The demo was told to end. `exit_code` is what a shell expects of a command that this signal ended."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.exit_code = 128 + number


class Interrupts:
    """Catches the signals while its block lasts. To be entered in the main thread."""

    def __init__(self) -> None:
        self._told = threading.Event()
        self._number = 0
        self._before: dict[signal.Signals, Any] = {}

    def wait(self, seconds: float) -> bool:
        """Wait for *seconds*, or until a signal has come. True if one has."""
        return self._told.wait(seconds)

    def pause(self, seconds: float) -> None:
        """Wait for *seconds*. Raises Interrupted as soon as a signal has come."""
        self.wait(seconds)
        self.check()

    def forget(self) -> None:
        """The signal that has come was what was waited for, and no interruption."""
        self._told.clear()
        self._number = 0

    def check(self) -> None:
        """Raise Interrupted if a signal has come."""
        if self._told.is_set():
            raise Interrupted(self._number)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._number = self._number or number
        self._told.set()

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._note) for number in _CAUGHT}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
