"""What a probe yields, and what the monitor remembers about it between two sweeps."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from core.model import HostName, Model, Name, Scalar, Subject, Time

SampleName = str


class Sample(Model):
    """A number or a state that a probe measured for a host and a subject, at a time.

    `evidence` holds what a person or a planner wants to know beside the value: typed and bounded, never raw text.
    `service` is the name of the service that the subject belongs to, if the inventory says so.
    """

    host: HostName
    name: str = Field(pattern=r"^[a-z][a-z0-9_.]{0,62}$")
    subject: Subject = ""
    value: float | str
    at: Time
    service: str | None = None
    evidence: dict[str, Scalar] = Field(default_factory=dict)


class Reading(Model):
    """The answer of one host to one sweep: `output` is what the on-host probe program printed (JSON lines)."""

    host: HostName
    reachable: bool
    output: str = ""
    problem: str | None = None


class Phase(StrEnum):
    """Where a condition stands."""

    CLEAR = "clear"
    PENDING = "pending"
    FIRING = "firing"


class Condition(Model):
    """One symptom on one subject of one host, as the monitor last saw it. `since` is when the phase began."""

    fleet: str
    host: HostName
    symptom: Name
    subject: Subject = ""
    phase: Phase
    since: Time
    value: float | str
    at: Time
    reported_at: Time | None = None
    """When a detection was last raised for it, so that a lasting symptom is not reported at every sweep."""
    service: str | None = None
    evidence: dict[str, Scalar] = Field(default_factory=dict)


class SignalState(StrEnum):
    """What a fresh measurement says of a signal during verification."""

    CLEAR = "clear"
    FIRING = "firing"
    UNKNOWN = "unknown"
