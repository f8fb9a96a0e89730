"""Namespaces with a network, processes, `/run` and `/var/lib` of their own, for what would change this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ALL = ("-n", "-m", "-p", "--fork", "--kill-child", "--mount-proc")
_START = (
    "set -e; mount -t tmpfs none /run; mount -t tmpfs none /var/lib; ip link set lo up; {prepare}"
    " echo ready; exec sleep infinity"
)


@dataclass(frozen=True)
class Sandbox:
    """Namespaces that a process of ours holds open, with root in them, whoever the tests run as."""

    pid: int
    own_user: bool

    @property
    def enter(self) -> tuple[str, ...]:
        """What comes before a command so that it runs in there."""
        user = ("-U", "--preserve-credentials") if self.own_user else ()
        return ("nsenter", "-t", str(self.pid), *user, "-n", "-m", "-p", "--")

    def run(self, *command: str, text: str | None = None) -> str:
        """What *command* prints in there. Raises CalledProcessError."""
        done = subprocess.run(
            [*self.enter, *command], input=text, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def no_sandbox(programs: Sequence[str] = ("nft", "ip")) -> str | None:
    """Why there can be no sandbox on this machine, for a test to skip with; None if there can."""
    own = ["-r"] if os.geteuid() != 0 else []
    tries = " && ".join(["mount -t tmpfs none /run", *(f"command -v {program}" for program in programs)])
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    done = subprocess.run(
        ["unshare", *own, *_ALL, "--", "sh", "-c", tries], capture_output=True, env={"PATH": path}, check=False
    )
    return None if done.returncode == 0 else f"no namespaces, or one of {', '.join(programs)} is missing"


@contextmanager
def sandbox(prepare: str = "") -> Iterator[Sandbox]:
    """Namespaces with *prepare* (shell commands) done in them; gone afterwards, with every process in them."""
    own_user = os.geteuid() != 0
    own = ["-r"] if own_user else []
    start = _START.format(prepare=prepare)
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    with subprocess.Popen(
        ["unshare", *own, *_ALL, "--", "sh", "-c", start], stdout=subprocess.PIPE, text=True, env={"PATH": path}
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            (inner,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            yield Sandbox(int(inner), own_user)
        finally:
            process.kill()
