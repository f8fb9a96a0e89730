"""Plain SSH to the hosts, as the account that Ansible uses: each command a connection of its own."""

from __future__ import annotations

import shlex
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from core.errors import Retryable
from lab.folders import LabFolder
from lab.programs import program
from lab.record import ACCOUNT, LabHost, LabRecord

NO_CONNECTION = 255
"""What ssh itself ends with, when it never got to the command."""
PORT = 22
_LOOK = 0.1


class Said(NamedTuple):
    """What a command on a host came to. `code` is 255 if SSH itself failed, and 124 if it took too long."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        return self.code == 0


def ssh_command(folder: LabFolder, host: LabHost, *, connect_seconds: int = 5) -> list[str]:
    """The words with which ssh reaches *host*."""
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": connect_seconds,
        "ControlPath": "none",
        "IdentitiesOnly": "yes",
        "LogLevel": "ERROR",
        "ServerAliveInterval": 5,
        "ServerAliveCountMax": 3,
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": folder.known_hosts,
    }
    flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return [program("ssh"), "-F", "/dev/null", "-i", str(folder.key), *flags, f"{ACCOUNT}@{host.address}"]


def over_ssh(
    folder: LabFolder,
    host: LabHost,
    command: Sequence[str],
    *,
    sudo: bool = True,
    stdin: str | None = None,
    timeout: float = 60,
    connect_seconds: int = 5,
) -> Said:
    """Run *command* on *host*, as root unless *sudo* is false."""
    words = [*(["sudo", "-n", "--"] if sudo else []), *command]
    return _say([*ssh_command(folder, host, connect_seconds=connect_seconds), shlex.join(words)], stdin, timeout)


def inside(leader: int, command: Sequence[str], *, stdin: str | None = None, timeout: float = 60) -> Said:
    """Run *command* as root in the host whose systemd is *leader*, without its network: the way in if SSH is closed."""
    enter = [program("nsenter"), "--target", str(leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return _say([*enter, "--root", "--wd=/", "/usr/bin/env", "-i", path, "LC_ALL=C.UTF-8", *command], stdin, timeout)


def wait_for_ssh(record: LabRecord, seconds: float) -> dict[str, float]:
    """Wait until every host's sshd says who it is. Returns the seconds it took. Raises Retryable naming the silent."""
    begun = time.monotonic()
    answered: dict[str, float] = {}
    while len(answered) < len(record.hosts):
        for host in record.hosts:
            if host.name not in answered and greets(host.address):
                answered[host.name] = time.monotonic() - begun
        if time.monotonic() - begun > seconds:
            silent = ", ".join(host.name for host in record.hosts if host.name not in answered)
            if silent:
                raise Retryable(f"no sshd answers after {seconds:.0f} s on {silent}")
        time.sleep(_LOOK)
    return answered


def greets(address: str, seconds: float = 1.0) -> bool:
    """Does an sshd at *address* say who it is?"""
    try:
        with socket.create_connection((address, PORT), timeout=seconds) as connection:
            connection.settimeout(seconds)
            return connection.recv(64).startswith(b"SSH-")
    except OSError:
        return False


def end_connections(folder: LabFolder) -> None:
    """End the SSH connections that Ansible keeps open for the next command."""
    for path in folder.control.glob("*"):
        subprocess.run(
            [program("ssh"), "-F", "/dev/null", "-o", f"ControlPath={path}", "-O", "exit", "any"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=5,
            check=False,
        )


def make_key(path: Path, comment: str) -> None:
    """Make an SSH key without a passphrase, unless it is there."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        subprocess.run(
            [program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)],
            stdin=subprocess.DEVNULL,
            check=True,
        )


def _say(command: list[str], stdin: str | None, timeout: float) -> Said:
    try:
        done = subprocess.run(
            command,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Said(124, "", f"it took longer than {timeout:.0f} s")
    return Said(done.returncode, done.stdout, done.stderr)
