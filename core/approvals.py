"""Approvals: a decision about the exact hash of a plan."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from core.model import Model, Time


class Answer(StrEnum):
    """What was decided."""

    APPROVE = "approve"
    REJECT = "reject"


class Approval(Model):
    """One decision, by policy or by a person. It holds for `plan_hash` alone, and until `expires_at`."""

    id: str
    incident_id: str
    plan_id: str
    plan_hash: str
    answer: Answer
    by: str
    """`policy`, or `person:<name>`."""
    reasons: tuple[str, ...]
    at: Time
    expires_at: Time


class Ruling(StrEnum):
    """What the policy says about a plan."""

    RUN = "run"
    ASK = "ask"
    STOP = "stop"
    HOLD = "hold"


class Decision(Model):
    """The policy's ruling on a plan, with every rule that it met, in words.

    `RUN`: by itself. `ASK`: a person must approve. `HOLD`: the mode ends here (suggest). `STOP`: never; escalate.
    """

    ruling: Ruling
    rules: tuple[str, ...]


class Usage(Model):
    """A snapshot of what is going on in a fleet, for the policy to judge by."""

    paused: str | None = None
    """Who paused what and why, or None."""
    running: int = 0
    hosts_last_hour: frozenset[str] = frozenset()
    unhealthy_share: float = 0.0
    """Share of the fleet's hosts with a live incident, 0 to 1."""
    last_runs: dict[str, Time] = Field(default_factory=dict)
    """`<remedy>@<host>` -> when that remedy last started there."""
    attempts: int = 0
    """Plans of this incident that already ran."""
