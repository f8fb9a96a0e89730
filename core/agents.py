"""Agents: each step of the loop in each process that works for it, as people ask after them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from core.model import Model, Time


class Role(StrEnum):
    """What an agent does, in the order in which a problem passes through."""

    MONITOR = "monitor"
    PLANNER = "planner"
    APPROVER = "approver"
    RUNNER = "runner"
    VERIFIER = "verifier"
    KNOWLEDGE = "knowledge"


class Activity(Model):
    """What an agent says of itself."""

    doing: tuple[str, ...] = ()
    """What it works on now; a process works on several things at once."""
    last_error: str | None = None
    last_error_at: Time | None = None


class Beat(Model):
    """One sign of life of a process: it is taken for dead if no other comes before `good_until`."""

    worker: str
    machine: str
    pid: int
    since: Time
    beat_at: Time
    good_until: Time
    steps: dict[Role, Activity] = Field(default_factory=dict)


class Agent(Activity):
    """One agent. `queue` counts the incidents that are due for this step and that nobody holds, in all."""

    role: Role
    worker: str
    machine: str
    pid: int
    since: Time
    beat_at: Time
    alive: bool
    """False: it gave no sign within the lease time, and whoever is alive takes over what it held."""
    queue: int
