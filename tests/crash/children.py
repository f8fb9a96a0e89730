"""Processes of our own: forked from one without threads that has imported everything, so that they cost little."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence


def start(work: Callable[[], None]) -> int:
    """Do *work* in a child, and return its pid. What it raises is printed, and makes it fail."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - nothing of the parent may run in the child, whatever happens
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return child


def wait_for(children: Sequence[int]) -> bool:
    """Wait for all of them. True if one was killed. Raises if one failed in another way."""
    statuses = [os.waitpid(child, 0)[1] for child in children]
    killed = [status for status in statuses if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL]
    failed = [os.waitstatus_to_exitcode(status) for status in statuses if status not in (0, *killed)]
    if failed:
        raise AssertionError(f"{len(failed)} of {len(children)} processes failed ({failed}); see above")
    return bool(killed)
