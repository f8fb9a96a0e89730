"""Silences and maintenance: what is not worked on for a while, because somebody said so beforehand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from core.detections import Detection
from core.model import HostName, Model, Name, Subject, Time
from core.policies import WEEKDAYS, ClockTime, LocalTime, Weekday, Zone
from core.states import State


class Silence(Model):
    """Detections that it is about open no plan until `until`. What is None fits everything."""

    id: str
    fleet: Name
    host: HostName | None = None
    symptom: Name | None = None
    subject: Subject | None = None
    reason: str
    by: str
    at: Time
    until: Time
    ended_at: Time | None = None
    ended_by: str | None = None
    suppressed: int = 0
    """How many incidents it suppressed."""

    def covers(self, found: Detection) -> bool:
        """True if *found* is what it is about."""
        pairs = ((self.host, found.host), (self.symptom, found.symptom), (self.subject, found.subject))
        return self.fleet == found.fleet and all(wanted in (None, is_) for wanted, is_ in pairs)


class Aside(NamedTuple):
    """A detection that opens no work: which state its incident gets at once, why, and until when it stays quiet."""

    state: State
    reason: str
    until: datetime | None = None
    silence: str | None = None


class Maintenance(Model):
    """A time in which the fleet's troubles are expected: every week (`from` and `to` are times of day), or once."""

    reason: str = Field(min_length=1, max_length=200)
    from_: Annotated[ClockTime | LocalTime, Field(union_mode="left_to_right", alias="from")]
    to: Annotated[ClockTime | LocalTime, Field(union_mode="left_to_right")]
    days: tuple[Weekday, ...] = WEEKDAYS
    """For one that comes every week: the days on which it begins."""
    zone: Zone = "UTC"
    hosts: tuple[str, ...] = ()
    """Hosts or groups; empty means all."""
    symptoms: tuple[Name, ...] = ()
    """Empty means all."""

    model_config = Model.model_config | {"populate_by_name": True}

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if isinstance(self.from_, datetime) != isinstance(self.to, datetime):
            raise ValueError("from and to are both a time of day, or both a point in time")
        if isinstance(self.from_, datetime) and isinstance(self.to, datetime) and self.to <= self.from_:
            raise ValueError("to must lie after from")
        if self.from_ == self.to:
            raise ValueError("from and to are the same: for whole days, write from 00:00 to 23:59")
        return self

    def until(self, now: datetime) -> datetime | None:
        """When it ends, if it is under way at *now*."""
        zone = ZoneInfo(self.zone)
        if isinstance(self.from_, datetime) and isinstance(self.to, datetime):
            begin, end = self.from_.replace(tzinfo=zone), self.to.replace(tzinfo=zone)
            return end.astimezone(UTC) if begin <= now < end else None
        if isinstance(self.from_, datetime) or isinstance(self.to, datetime):
            return None
        today = now.astimezone(zone).date()
        for day in (today, today - timedelta(days=1)):  # one that began yesterday may go on
            if WEEKDAYS[day.weekday()] in self.days:
                begin = datetime.combine(day, self.from_, zone)
                end = datetime.combine(day + timedelta(days=self.to < self.from_), self.to, zone)
                if begin.astimezone(UTC) <= now < end.astimezone(UTC):
                    return end.astimezone(UTC)
        return None
