"""The policy of a fleet, as `fleet.yml` writes it: what runs by itself, what people decide, and what never runs."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from core.durations import Duration
from core.model import Model, Name
from core.severity import Risk


class Mode(StrEnum):
    """How far the loop goes by itself, least first."""

    OBSERVE = "observe"
    SUGGEST = "suggest"
    APPROVE = "approve"
    AUTO = "auto"

    @property
    def rank(self) -> int:
        return list(Mode).index(self)


class ModesByPart(Model):
    """Modes in place of the fleet's, for groups of hosts and for remedies. Of several that fit, the strictest holds."""

    groups: dict[str, Mode] = Field(default_factory=dict)
    remedies: dict[Name, Mode] = Field(default_factory=dict)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write for example Europe/Berlin or UTC") from None
    return name


def _clock_time(text: object) -> object:
    if isinstance(text, time):
        return text
    try:
        if isinstance(text, str) and len(text) == len("22:00"):
            return time.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f'{text!r} is no time of day; write for example "22:00", in quotes')


def _local_time(text: object) -> object:
    """A point in time without a zone: the entry's `zone` says which."""
    if isinstance(text, str):
        try:
            text = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{text!r} is no point in time; write for example 2026-12-20 18:00") from None
    if isinstance(text, datetime):
        if text.tzinfo is not None:
            raise ValueError("write the time without a zone, and name the zone under `zone`")
        return text
    raise ValueError('write a point in time in quotes, for example "2026-12-20 18:00"')


Zone = Annotated[str, AfterValidator(_known_zone)]
ClockTime = Annotated[
    time, BeforeValidator(_clock_time), PlainSerializer(lambda at: f"{at:%H:%M}", return_type=str, when_used="json")
]
LocalTime = Annotated[datetime, BeforeValidator(_local_time)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Window(Model):
    """A time of the week, on the clocks of `zone`. One that ends before it begins goes on into the next day."""

    days: tuple[Weekday, ...] = WEEKDAYS
    from_: ClockTime = Field(alias="from")
    to: ClockTime
    zone: Zone = "UTC"

    model_config = Model.model_config | {"populate_by_name": True}

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.from_ == self.to:
            raise ValueError("from and to are the same: for whole days, write from 00:00 to 23:59")
        return self


class Freeze(Model):
    """A stretch of time in which nothing runs by itself (`for: auto`), or nothing at all (`for: all`)."""

    from_: LocalTime = Field(alias="from")
    to: LocalTime
    zone: Zone = "UTC"
    reason: str = Field(min_length=1, max_length=200)
    for_: Literal["auto", "all"] = Field(default="auto", alias="for")

    model_config = Model.model_config | {"populate_by_name": True}

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to <= self.from_:
            raise ValueError("to must lie after from")
        return self


class AutoRule(Model):
    """In mode `auto`, a plan up to `risk` and from `confidence` on runs without a person, within the windows."""

    risk: Risk = Risk.LOW
    confidence: float = Field(default=0.8, ge=0, le=1)
    own_word: Risk = Risk.LOW
    """Up to this risk although nobody but the affected host itself says that something is wrong."""
    windows: tuple[Window, ...] = ()
    """When. None: always."""


class Approvers(Model):
    """How many different people have to approve, by the plan's risk."""

    low: int = Field(default=1, ge=1, le=10)
    medium: int = Field(default=1, ge=1, le=10)
    high: int = Field(default=1, ge=1, le=10)

    def needed(self, risk: Risk) -> int:
        """How many it takes for a plan of this *risk*."""
        return {Risk.LOW: self.low, Risk.MEDIUM: self.medium, Risk.HIGH: self.high}[risk]


def _one_number_for_all(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return {risk.value: value for risk in Risk}
    return value


class Unanswered(StrEnum):
    """What becomes of a plan that nobody decided on in time. It never runs."""

    ESCALATE = "escalate"
    EXPIRE = "expire"


class Unknown(StrEnum):
    """Where it is unknown what a plan would change: people are asked all the same, and told so, or it escalates."""

    ASK = "ask"
    ESCALATE = "escalate"


class ApproveRule(Model):
    """Up to `risk`, people may approve; above it the incident escalates."""

    risk: Risk = Risk.HIGH
    approvers: Annotated[Approvers, BeforeValidator(_one_number_for_all)] = Approvers()
    own: bool = False
    """True: who asked for something may approve it, too."""
    expires: Duration = timedelta(minutes=30)
    remind: Duration | None = timedelta(minutes=10)
    """After how long without an answer those who were asked are reminded."""
    widen: Duration | None = timedelta(minutes=20)
    """After how long without an answer the next group is asked as well (`notify.next`)."""
    unanswered: Unanswered = Unanswered.ESCALATE
    foresee: Duration = timedelta(seconds=60)
    """How long `--check --diff` may take before people are asked without it."""
    unknown: Unknown = Unknown.ASK
    """What becomes of a plan of which check mode could not say what it would change."""


class RequireProof(StrEnum):
    """For what a remedy needs a valid proof: to run without a person, to run at all, or for nothing."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Policy(Model):
    """The `policy:` part of `fleet.yml`."""

    auto: AutoRule = AutoRule()
    approve: ApproveRule = ApproveRule()
    freezes: tuple[Freeze, ...] = ()
    require_proof: RequireProof = RequireProof.AUTO
    never: tuple[Name, ...] = ()
    max_attempts: int = Field(default=3, ge=1, le=10)
    """How many plans one incident may try before it goes to people."""
