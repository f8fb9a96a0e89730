"""The processes of a run: found by a marker in their environment, and ended without hitting anything else.

Ansible's workers leave the process group of ansible-playbook (each has a session of its own), so a group can't be what
is ended. Roots are the processes that carry the run's marker *and* name its private folder in their command line:
ansible-playbook and its workers. They are stopped together with all their descendants, and then killed. A daemon that a
module started and let go of is neither: it lives on, as it should.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from core.runs import ProcessRef

MARKER = "FLEETMEND_RUN"
"""The environment variable that every process of a run inherits; its value is the run's id."""

_GONE = (psutil.NoSuchProcess, psutil.ZombieProcess)
_SAME_START = 1.0
"""Seconds that two readings of one start time may differ by: the machine's idea of its boot time is adjusted."""
_ROUNDS = 20
_PATIENCE = 5.0
_log = logging.getLogger(__name__)


def child_of_ours(run_id: str) -> ProcessRef | None:
    """The direct child of this process that carries the marker of *run_id*: its ansible-playbook."""
    for child in psutil.Process().children():
        try:
            if _marker(child) == run_id:
                return ProcessRef(pid=child.pid, started=child.create_time())
        except psutil.Error:
            continue
    return None


def end_run(run_id: str, folder: Path, process: ProcessRef | None = None) -> None:
    """End ansible-playbook, its workers and their modules, whoever started them. Returns when they are gone."""

    def roots() -> list[psutil.Process]:
        return [*_recorded(process), *(p for p in _marked(run_id) if _names(p, folder))]

    _end(roots, run_id)


def end_strays(run_id: str) -> None:
    """End whatever carries the marker of a look (a preview or a sweep): it has no business to outlive it.

    What leads a session of its own stays: a shared SSH connection, a key agent. Others may be using it by now.
    """
    _end(lambda: [p for p in _marked(run_id) if not _leads_a_session(p)], run_id)


def _end(roots: Callable[[], list[psutil.Process]], run_id: str) -> None:
    untouchable: set[int] = set()
    for _ in range(_ROUNDS):
        found = _freeze(p for p in roots() if p.pid not in untouchable)
        if not found:
            return
        for process in found:
            try:
                process.kill()
            except _GONE:
                continue
            except psutil.AccessDenied:
                untouchable.add(process.pid)
                _log.warning("process %d of %s belongs to another user and can't be ended", process.pid, run_id)
        _await(p for p in found if p.pid not in untouchable)


def _freeze(roots: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Stop *roots* and all their descendants, so that none can start another one; return them."""
    frozen: dict[int, psutil.Process] = {}
    fresh = list(roots)
    while fresh:
        for process in fresh:
            frozen[process.pid] = process
            try:
                process.suspend()
            except psutil.Error:
                continue
        fresh = []
        for process in list(frozen.values()):
            try:
                fresh += [child for child in process.children() if child.pid not in frozen]
            except psutil.Error:
                continue
    return list(frozen.values())


def _await(processes: Iterable[psutil.Process]) -> None:
    """Wait until *processes* are gone or zombies. psutil's own wait would reap ansible-runner's child."""
    deadline = time.monotonic() + _PATIENCE
    for process in processes:
        while time.monotonic() < deadline and _alive(process):
            time.sleep(0.01)


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _recorded(process: ProcessRef | None) -> list[psutil.Process]:
    if process is None:
        return []
    try:
        found = psutil.Process(process.pid)
        same = abs(found.create_time() - process.started) <= _SAME_START
    except psutil.Error:
        return []
    return [found] if same and found.pid != os.getpid() and _alive(found) else []


def _marked(run_id: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and _marker(process) == run_id and _alive(process):
                found.append(process)
        except psutil.Error:
            continue
    return found


def _marker(process: psutil.Process) -> str | None:
    return process.environ().get(MARKER)


def _names(process: psutil.Process, folder: Path) -> bool:
    try:
        return any(f"{folder}{os.sep}" in word for word in process.cmdline())
    except psutil.Error:
        return False


def _leads_a_session(process: psutil.Process) -> bool:
    try:
        return os.getsid(process.pid) == process.pid
    except OSError:
        return False
