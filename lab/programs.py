"""The programs that the lab is built with: found, started, and ended with this process if they must not outlive it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from core.errors import BadInput, Final

PACKAGES = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "mount": "mount",
    "umount": "mount",
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "nsenter": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "chroot": "coreutils",
    "mkfs.ext4": "e2fsprogs",
}
"""Every program that the lab starts on this machine, and the Debian package that it comes from."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LAST_LINES = 3


class LabFailed(Final):
    """A program that the lab is built with failed; what it had begun can be cleared with `fleetmend lab down`."""


def check_machine(
    which: Callable[[str], str | None] | None = None,
    uid: int | None = None,
    loops: Path = Path("/dev/loop-control"),
) -> None:
    """Can this machine have a lab? Raises BadInput with one line that says what is missing and how to get it."""
    find = which or _which
    if (os.geteuid() if uid is None else uid) != 0:
        raise BadInput("a lab needs root: it makes namespaces, mounts and a bridge; run it with sudo")
    missing = [name for name in PACKAGES if find(name) is None]
    if missing:
        packages = " ".join(sorted({PACKAGES[name] for name in missing}))
        raise BadInput(f"a lab needs {', '.join(missing)}; on Debian or Ubuntu: apt-get install {packages}")
    if not loops.exists():
        raise BadInput("a lab needs loop devices, and this kernel shows none; try: modprobe loop")


def program(name: str) -> str:
    """The path of a program of this machine. Raises BadInput, saying which package brings it."""
    found = _which(name)
    if found is None:
        package = PACKAGES.get(name, name)
        raise BadInput(f"a lab needs {name}; on Debian or Ubuntu: apt-get install {package}")
    return found


def has(name: str) -> bool:
    """Is there such a program on this machine?"""
    return _which(name) is not None


def run(
    *command: str | Path,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> str:
    """Run *command* and return what it printed. Raises LabFailed: what failed, and its last lines, in one line."""
    done = attempt(*command, stdin=stdin, environment=environment, timeout=timeout)
    if done.returncode != 0:
        raise LabFailed(f"{shown(command)} failed ({done.returncode}): {last_words(done.stderr or done.stdout)}")
    return done.stdout


def attempt(
    *command: str | Path,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Run *command*, whatever comes of it. Raises LabFailed if it takes longer than *timeout* seconds."""
    first, *rest = command
    try:
        return subprocess.run(
            [program(str(first)) if "/" not in str(first) else str(first), *map(str, rest)],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            env=None if environment is None else {"PATH": _PATH, "LC_ALL": "C.UTF-8", **environment},
        )
    except subprocess.TimeoutExpired:
        raise LabFailed(f"{shown(command)} took longer than {timeout:.0f} s") from None


def tethered(*command: str | Path) -> list[str]:
    """*command*, so that it and all that it starts end with this process, and its mounts with them.

    It gets a process and a mount namespace of its own; the kernel ends both when the first process in them dies, and
    that one dies with us, also from `kill -9`.
    """
    apart = ["--mount", "--pid", "--fork", "--kill-child"]
    return [program("setpriv"), "--pdeathsig", "KILL", program("unshare"), *apart, *map(str, command)]


def shown(command: Sequence[str | Path]) -> str:
    """*command* for people, cut to one short line."""
    words = " ".join(Path(str(word)).name if str(word).startswith("/") else str(word) for word in command)
    line = " ".join(words.split())
    return f"`{line}`" if len(line) <= 90 else f"`{line[:87]}…`"


def last_words(text: str) -> str:
    """The last lines of a program's output, as one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(lines[-_LAST_LINES:]) or "it said nothing"


def _which(name: str) -> str | None:
    return shutil.which(name, path=_PATH)
