"""A control group for each host, so that its systemd has one to itself, and all its processes are found again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from core.errors import BadInput

_ROOM = "fleetmend-lab"
_WAIT = 10.0
_LOOK = 0.02


def hierarchies(mounts: str | None = None) -> tuple[Path, ...]:
    """Where systemd keeps its groups: version 2, version 1's `name=systemd`, or both. Raises BadInput without any."""
    text = Path("/proc/self/mounts").read_text(encoding="utf-8") if mounts is None else mounts
    found = []
    for line in text.splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(",")):
            found.append(Path(where))
    if not found:
        raise BadInput("no cgroup file system for systemd is mounted here; mount cgroup2 on /sys/fs/cgroup")
    return tuple(dict.fromkeys(found))


def groups_of(lab: str, host: str | None = None) -> tuple[Path, ...]:
    """The groups of a host, or of a whole lab, in every hierarchy."""
    return tuple(root / _ROOM / lab / (host or "") for root in hierarchies())


def make_groups(lab: str, host: str) -> tuple[Path, ...]:
    """Make a host's groups. Controllers are handed down where version 2 has them."""
    groups = groups_of(lab, host)
    for group in groups:
        group.mkdir(parents=True, exist_ok=True)
        for above in reversed(group.parents):
            control = above / "cgroup.subtree_control"
            if above in hierarchies() or _ROOM in above.parts:
                _hand_down(control)
    return groups


def members(group: Path) -> Iterator[int]:
    """The processes in *group* and in every group below it."""
    for folder, _, files in os.walk(group):
        if "cgroup.procs" in files:
            try:
                yield from map(int, (Path(folder) / "cgroup.procs").read_text(encoding="utf-8").split())
            except OSError:
                continue  # it went away meanwhile


def end_groups(groups: tuple[Path, ...]) -> list[int]:
    """Kill every process in *groups* and remove the groups. Returns the processes that would not go."""
    deadline = time.monotonic() + _WAIT
    while True:
        left = {pid for group in groups for pid in members(group) if pid > 0}
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if not left:
            _remove(groups)
        if not any(group.exists() for group in groups) or time.monotonic() > deadline:
            return sorted(left)
        time.sleep(_LOOK)


def _remove(groups: tuple[Path, ...]) -> None:
    for group in groups:
        for folder, _, _ in os.walk(group, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                continue  # somebody came in, or is not quite gone: it is tried again


def _hand_down(control: Path) -> None:
    for controller in ("cpu", "memory", "pids", "io"):
        try:
            control.write_text(f"+{controller}", encoding="utf-8")
        except OSError:
            continue  # it is not there, or version 1 has it
