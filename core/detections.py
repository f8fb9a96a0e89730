"""Detections: one statement that a symptom was seen. Whatever raised it, it looks like this from here on."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Annotated, NamedTuple

from pydantic import Field, StringConstraints

from core.ids import new_id
from core.model import HostName, Model, Name, Scalar, Subject, Time
from core.severity import Severity

EvidenceText = Annotated[str, StringConstraints(max_length=500)]
Evidence = Annotated[dict[Name, EvidenceText | bool | int | float], Field(max_length=40)]
"""Typed facts about a symptom. It comes from a host, so it is hostile: shown escaped, never executed."""


class Signal(NamedTuple):
    """What can be measured again: a symptom on a subject of a host. Verification asks for exactly this."""

    host: str
    symptom: str
    subject: str


def fingerprint(fleet: str, symptom: str, subject: str, host: str) -> str:
    """The identity of a problem: detections with the same one belong to one live incident."""
    return hashlib.sha256("\x1f".join((fleet, symptom, subject, host)).encode()).hexdigest()[:24]


class Detection(Model):
    """A symptom was seen on a host. `source` names who says so: `sweep`, `api:<token>`, `hook:<name>`."""

    id: str = Field(default_factory=lambda: new_id("det"))
    fleet: Name
    host: HostName
    symptom: Name
    subject: Subject = ""
    service: str | None = Field(default=None, max_length=100)
    severity: Severity = Severity.WARNING
    evidence: dict[str, Scalar] = Field(default_factory=dict)
    source: str = Field(max_length=100)
    seen_at: Time

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint(self.fleet, self.symptom, self.subject, self.host)

    @property
    def signal(self) -> Signal:
        return Signal(self.host, self.symptom, self.subject)
