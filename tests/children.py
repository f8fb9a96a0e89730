"""Servers of the tests die with the tests, however those end."""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Callable

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def dies_with_us(number: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: have the kernel send *number* to the child when the thread that made it is gone.

    Safe beside threads: the child makes one call into a library that is loaded already.
    """
    return lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, int(number))
