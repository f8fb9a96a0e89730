"""Verdicts, outcomes and lessons: what came of a plan, and what that adds up to."""

from __future__ import annotations

from enum import StrEnum

from core.model import HostName, Model, Name, Scalar, Time


class Verdict(StrEnum):
    """What verification found."""

    HEALED = "healed"
    NOT_HEALED = "not_healed"
    WORSE = "worse"
    UNKNOWN = "unknown"


class Verification(Model):
    """The verifier's memory between two looks at an incident. Times are absolute, so a restart loses nothing."""

    incident_id: str
    plan_id: str
    began_at: Time
    deadline: Time
    hold_seconds: float
    clear_since: Time | None = None
    checks: int = 0
    last: str = ""
    """What the last look found, in words."""


class Outcome(Model):
    """The closed record of one plan: law 9 lets only these into memory, and only typed values."""

    id: str
    incident_id: str
    plan_id: str
    fleet: Name
    host: HostName
    symptom: Name
    subject: str
    remedy: Name
    parameters: dict[str, Scalar]
    proposer: str
    verdict: Verdict
    reason: str
    detect_seconds: float
    """From the first detection to the plan."""
    run_seconds: float
    heal_seconds: float
    """From the end of the run to the first clear look; 0 if it never cleared."""
    at: Time


class Lesson(Model):
    """How often a remedy healed a symptom. `fleet` is None for what holds over all fleets."""

    symptom: Name
    remedy: Name
    fleet: Name | None
    tried: int
    healed: int
    worse: int
    median_heal_seconds: float | None
    last_at: Time
