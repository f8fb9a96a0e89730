"""Proofs: what a lab showed of a remedy, and whether that still speaks of the remedy as its files are now."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from core.model import HostName, Model, Name, Time


class ProofState(StrEnum):
    """What is known of a remedy beyond that somebody read it."""

    PROVEN = "proven"
    VOID = "void"
    """It was proven, and its files have changed since."""
    MISSING = "missing"


class Trial(Model):
    """One scenario that held from the break to the last comparison."""

    name: Name
    title: str
    host: HostName
    fault: Name | None = None
    plan: str
    """What ran: `service_restart service=web on web1`."""
    again: str
    """What a second run did, with the reason if it was anything but `unchanged`."""
    undo: Name | None = None
    """The remedy that took it back, and was seen to."""
    seconds: dict[str, float] = Field(default_factory=dict)
    """How long each phase took."""


class Proof(Model):
    """The content of `playbooks/proofs/<remedy>.yml`. It holds for `digest` alone."""

    remedy: Name
    digest: str = Field(pattern=r"^[a-z0-9_-]{1,100}$")
    date: Time
    versions: dict[str, str] = Field(default_factory=dict)
    scenarios: tuple[Trial, ...] = Field(min_length=1)
    not_shown: tuple[str, ...] = ()
    """What the lab can't show, in words."""
