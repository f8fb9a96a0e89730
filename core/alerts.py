"""Alerts: what a source says of a problem, before and after it is known which host and symptom it means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from core.detections import Detection, Signal
from core.model import Scalar
from core.sources import Flapping

UNMAPPED = "unmapped"
"""The symptom of an alert that nothing here fits, and the fleet of one whose fleet is not known. People look at it."""
FROM_HOOK = "hook:"
"""How detections are signed that a source raised: `hook:<name>`."""


class AlertState(StrEnum):
    """What its source last said."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Told(NamedTuple):
    """One alert as its source tells it: `key` tells alerts of a source apart. Nothing of it is believed yet."""

    key: str
    name: str
    firing: bool
    starts_at: datetime | None
    ends_at: datetime | None
    facts: dict[str, str]
    """What stands in its labels: all that it says, for an alert that can't be mapped."""
    fleet: str | None = None
    hosts: tuple[str, ...] = ()
    """What may name the host, the best first."""
    symptom: str | None = None
    subject: str | None = None
    severity: str | None = None
    evidence: Mapping[str, Scalar] = MappingProxyType({})
    problem: str | None = None
    """Why it could not be read any further."""
    raw: Any = None
    """The item as it came, for an alert that can't be mapped: with another mapping, it is read again."""


class Placed(NamedTuple):
    """An alert of which it is known what it means; or not, and `unmapped` says why in words."""

    told: Told
    detection: Detection
    unmapped: str | None = None
    ignored: bool = False

    @property
    def fleet(self) -> str:
        return self.detection.fleet

    @property
    def signal(self) -> Signal:
        return self.detection.signal


class News(StrEnum):
    """What a notification came to."""

    FIRES = "fires"
    """It is reported: it began, or it lasts and was not reported for a while."""
    REPEATED = "repeated"
    """Nothing new, and counted."""
    OVER = "over"
    """It was over before it was told, or it came late."""
    RESOLVED = "resolved"
    HELD = "held"
    """It is over, but it flaps: its incident stays until it is calm."""


class Ways(NamedTuple):
    """What of a source counts for its alerts' states."""

    lag: timedelta
    flapping: Flapping
