"""How ansible-runner's child is started: without copying this process first.

pexpect forks inside Python. That copies the page tables of a process that holds a catalog, a database pool and an API
(3 to 12 ms, in which nothing else of it runs), and then waits for the copy to become Ansible. `subprocess` shares the
memory until then, which takes a third of a millisecond. The child still has a terminal of its own and leads a session
of its own. That terminal does not control it, so nothing that Ansible starts can wait there for an answer that nobody
would give, and the end of the terminal ends nothing.
"""

from __future__ import annotations

import os
import subprocess
import termios
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from ansible_runner import runner as ansible_runner_module
from ansible_runner.runner import pexpect

_ROWS_AND_COLUMNS = (24, 80)
_LOCAL_FLAGS = 3
"""Where `termios` keeps the flag for echo."""


class Spawn(pexpect.spawn):  # type: ignore[misc]
    """pexpect's own, but for how the process begins."""

    def _spawnpty(self, args: Sequence[bytes], *, env: Mapping[str, str], cwd: str, echo: bool, **_given: Any) -> Any:
        ours, theirs = os.openpty()
        try:
            termios.tcsetwinsize(theirs, _ROWS_AND_COLUMNS)
            if not echo:
                flags = termios.tcgetattr(theirs)
                flags[_LOCAL_FLAGS] &= ~termios.ECHO
                termios.tcsetattr(theirs, termios.TCSANOW, flags)
            child = subprocess.Popen(
                args, env=env, cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        # Its end is pexpect's to wait for: subprocess must think that it has seen it, or it would take it away.
        child.returncode = 0
        return pexpect.pty_spawn.ptyprocess.PtyProcess(child.pid, ours)


def start_quickly() -> None:
    """Have ansible-runner, in this process, start its children as `Spawn` does."""
    ansible_runner_module.pexpect = SimpleNamespace(**{**vars(pexpect), "spawn": Spawn})
