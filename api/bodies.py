"""What requests may hold. Unknown fields are refused and everything is bounded: a sender may be hostile."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, field_validator, model_validator

from core.detections import Detection, Evidence
from core.durations import Duration
from core.errors import BadInput
from core.model import HostName, Model, Name, Scalar, Subject, Time
from core.people import FleetScope, PersonName, Role
from core.severity import Severity
from core.symptoms import Symptom

LARGEST_BATCH = 500
"""Detections in one request, which is one transaction."""

LONGEST_TOKEN = timedelta(days=3650)
_LONGEST_FACT = 500
_LARGEST_INT = 2**63 - 1
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(minutes=5)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _can_be_stored(text: str) -> bool:
    """False for what a database or UTF-8 can't hold: NUL, and halves of characters."""
    return _UNSTORABLE.search(text) is None


def _storable(text: str) -> str:
    if not _can_be_stored(text):
        raise ValueError("it holds a character that can't be stored")
    return text


def _written_out(time: object) -> object:
    """A bare number could be seconds or milliseconds, and of any zone."""
    if not isinstance(time, str) or time.strip("0123456789.") == "":
        raise ValueError("write a time as 2026-01-31T12:00:00Z")
    return time


def _facts(value: object) -> object:
    """Check the values of a mapping one by one, so that the message names the key instead of every type in turn."""
    if isinstance(value, dict):
        for key, fact in value.items():
            if (problem := _fact_problem(fact)) is not None:
                raise ValueError(f"{str(key)[:60]!r} {problem}")
    return value


def _fact_problem(fact: object) -> str | None:
    problem = None
    if isinstance(fact, str):
        if len(fact) > _LONGEST_FACT:
            problem = f"is longer than {_LONGEST_FACT} characters"
        elif not _can_be_stored(fact):
            problem = "holds a character that can't be stored"
    elif isinstance(fact, int):
        problem = "is too large a number" if abs(fact) > _LARGEST_INT else None
    elif isinstance(fact, float):
        problem = None if math.isfinite(fact) else "is not a finite number"
    else:
        problem = "must be text, a number, true or false"
    return problem


Text = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_storable)]
Reason = Annotated[Text, Field(min_length=1, max_length=500, description="Why; it goes into the journal.")]


class DetectionBody(Model):
    """A symptom that was seen from outside. Who says so is taken from the token."""

    fleet: Name
    host: HostName
    symptom: Name
    subject: Subject = Field(default="", description="What on the host it is about: a service, a mount point, ….")
    service: Annotated[Text, Field(max_length=100)] | None = Field(
        default=None, description="The service that the subject belongs to, by its name in `fleetmend_services`."
    )
    severity: Severity | None = Field(default=None, description="How bad it is; the symptom's own by default.")
    evidence: Annotated[Evidence, BeforeValidator(_facts, json_schema_input_type=Evidence)] = Field(
        default_factory=dict, description="Up to 40 typed facts. They are shown, and never executed."
    )
    seen_at: Annotated[Time, BeforeValidator(_written_out, json_schema_input_type=Time)] | None = Field(
        default=None, description="When it was seen, with a time zone; now by default."
    )

    def as_detection(self, source: str, symptoms: Mapping[str, Symptom], now: datetime) -> Detection:
        """The detection as *source* reports it at *now*. Raises BadInput for a time that can't be right."""
        known = symptoms.get(self.symptom)
        severity = self.severity or (known.severity if known else Severity.WARNING)
        seen_at = self.seen_at or now
        if not _EARLIEST <= seen_at <= now + _CLOCKS_DIFFER:
            raise BadInput(f"{seen_at.isoformat()} is not a time at which it can have been seen", key="seen_at")
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return Detection(**(fields | {"seen_at": seen_at, "source": source, "severity": severity}))


Batch = Annotated[
    list[DetectionBody],
    BeforeValidator(
        lambda value: value if isinstance(value, list) else [value],
        json_schema_input_type=DetectionBody | list[DetectionBody],
    ),
    Field(min_length=1, max_length=LARGEST_BATCH),
]
"""One detection, or a list of them."""


class ApproveBody(Model):
    """A yes to an incident's plan."""

    plan_hash: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="The hash of the plan that was looked at: if it is another one by now, nothing is approved.",
    )
    hosts: tuple[HostName, ...] | None = Field(
        default=None, max_length=1000, description="Only for these of the plan's hosts; all of them by default."
    )
    reason: Annotated[Text, Field(max_length=500)] = ""


class ChangeBody(Model):
    """Other parameters for a step of an incident's plan, or fewer hosts; what is left out stays as it is."""

    plan_hash: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="The hash of the plan that was looked at: if it is another one by now, nothing is changed.",
    )
    step: int = Field(default=0, ge=0, le=100, description="Which step; they are numbered from 0.")
    parameters: Annotated[
        dict[Name, Scalar], BeforeValidator(_facts, json_schema_input_type=dict[Name, Scalar]), Field(max_length=20)
    ] = Field(default_factory=dict)
    hosts: tuple[HostName, ...] | None = Field(default=None, max_length=1000)
    reason: Annotated[Text, Field(max_length=500)] = ""


class SnoozeBody(Model):
    """When to ask again."""

    for_: Duration = Field(alias="for", description="In how long, from `1m` to `1d`.")
    reason: Annotated[Text, Field(max_length=500)] = ""


class ReasonBody(Model):
    """Why something is done."""

    reason: Reason


class UndoBody(Model):
    """Which run of an incident is to be taken back."""

    run: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9_\-]{1,40}$", description="The run's id; the incident's newest by default."
    )


class RequestBody(Model):
    """What somebody wants done: in words, or a remedy by name."""

    fleet: Name
    host: HostName | None = Field(default=None, description="Needed unless the text names one, or there is just one.")
    hosts: tuple[HostName, ...] = Field(
        default=(), max_length=1000, description="Several hosts, in place of `host`: one plan for all of them."
    )
    text: Annotated[Text, Field(max_length=2000)] = ""
    remedy: Name | None = None
    parameters: Annotated[
        dict[Name, Scalar], BeforeValidator(_facts, json_schema_input_type=dict[Name, Scalar]), Field(max_length=20)
    ] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _parameters_of_a_remedy(self) -> Self:
        if self.parameters and self.remedy is None:
            raise ValueError("parameters go with a remedy")
        if self.host is not None and self.hosts:
            raise ValueError("give host or hosts, not both")
        return self

    @property
    def all_hosts(self) -> tuple[HostName, ...]:
        """The hosts that are named, whichever way."""
        return self.hosts or ((self.host,) if self.host is not None else ())


class TokenBody(Model):
    """A new token. Who acts is its person: `person:<name>` in the journal, `api:<name>` as a source of detections."""

    name: PersonName = Field(description="What the token is called; each name is there once.")
    person: PersonName | None = Field(default=None, description="Whose it is; one's own by default.")
    role: Role | None = Field(default=None, description="It may do no more than this role may; no limit by default.")
    fleet: FleetScope | None = Field(default=None, description="It may do nothing elsewhere; no limit by default.")
    expires: Duration | None = Field(default=None, description="How long it holds, such as `90d`; for ever by default.")

    @field_validator("expires")
    @classmethod
    def _a_while(cls, value: timedelta | None) -> timedelta | None:
        if value is not None and not timedelta(minutes=1) <= value <= LONGEST_TOKEN:
            raise ValueError("a token holds for 1m to 3650d, or for ever")
        return value


class FleetBody(Model):
    """Which fleet is meant."""

    fleet: Name
