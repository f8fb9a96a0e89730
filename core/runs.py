"""Runs: one ansible-runner execution of one step, with its events and results."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from core.model import HostName, Model, Name, Scalar, Time


class RunStatus(StrEnum):
    """Where a run stands. All but the first two are ends."""

    STARTING = "starting"
    RUNNING = "running"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def ended(self) -> bool:
        return self not in (RunStatus.STARTING, RunStatus.RUNNING)


class HostResult(Model):
    """What Ansible counted for one host."""

    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0
    skipped: int = 0

    @property
    def good(self) -> bool:
        return not (self.failed or self.unreachable)


class ProcessRef(Model):
    """A process that cannot be mistaken for another one: pid and start time (seconds since the epoch)."""

    pid: int
    started: float


class Run(Model):
    """One execution of one step of a plan. At most one exists for each (plan, step): law 5."""

    id: str
    incident_id: str
    plan_id: str
    step: int
    remedy: Name
    fleet: Name
    hosts: tuple[HostName, ...]
    parameters: dict[str, Scalar]
    read_only: bool = False
    status: RunStatus
    worker: str
    process: ProcessRef | None = None
    results: dict[str, HostResult] = Field(default_factory=dict)
    problem: str | None = None
    cancelled_by: str | None = None
    started_at: Time
    ended_at: Time | None = None


class RunEvent(Model):
    """One thing that happened in a run, redacted. `seq` counts from 1 within the run."""

    run_id: str
    seq: int
    at: Time
    kind: str
    """`task` (a task began), `ok`, `changed`, `failed`, `unreachable`, `skipped`, `progress`."""
    host: str | None = None
    task: str | None = None
    detail: str | None = None


class RunResult(Model):
    """How an execution ended. `problem` is one line for people, and is set unless it was successful."""

    status: RunStatus
    results: dict[str, HostResult] = Field(default_factory=dict)
    problem: str | None = None


class HostDiff(Model):
    """What a check-mode run foresees for one host: redacted unified diffs, and the tasks that can't be foreseen."""

    host: HostName
    diff: str
    tasks: tuple[str, ...] = ()
    unforeseen: tuple[str, ...] = ()
    unknown: str | None = None
    """Why nobody knows what would change here, though the check run was tried; None where it got to its end."""


class Preview(Model):
    """The result of `--check --diff` on all hosts of a step."""

    result: RunResult
    hosts: tuple[HostDiff, ...] = ()
