"""Storms: many hosts with one symptom in a short time are one problem, with a set of hosts."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from core.detections import fingerprint
from core.durations import Duration
from core.model import Model

_EVERY_HOST = "*"
"""No host is called so."""


class StormRule(Model):
    """From how many hosts on, within how long, the same symptom (and subject) is a storm."""

    hosts: int = Field(default=5, ge=2, le=10_000)
    within: Duration = timedelta(minutes=2)


def storm_key(fleet: str, symptom: str, subject: str) -> str:
    """The fingerprint of a storm, which is that of no host's problem."""
    return fingerprint(fleet, symptom, subject, _EVERY_HOST)
