"""A scenario, `lab/scenarios/<name>.yml`: what is broken, what has to follow, and how somebody outside sees it."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from core.detections import Evidence
from core.durations import Duration
from core.fleets import VerifyOverride
from core.model import HostName, Model, Name, Scalar, Subject
from core.symptoms import Threshold


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return pattern


Pattern = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_compiles)]
"""A regular expression that is looked for in a text, line by line (`^` and `$` are ends of lines)."""

Sentence = Annotated[str, StringConstraints(min_length=5, max_length=500)]
Glob = Annotated[str, StringConstraints(min_length=1, max_length=300)]
"""A name, or a pattern with `*` and `?` as in a shell."""

NEEDS = "a scenario has either `detected` (the loop finds it) or `asked` (a person asks for the remedy)"


class Detected(Model):
    """The symptom that has to be detected. `by: outside` where no probe can see it: it is then posted."""

    symptom: Name
    subject: Subject = ""
    by: Literal["sweep", "outside"] = "sweep"
    service: str | None = Field(default=None, max_length=100)
    evidence: Evidence = Field(default_factory=dict)
    within: Duration = timedelta(minutes=2)

    @model_validator(mode="after")
    def _sender_says_the_rest(self) -> Self:
        if self.by == "sweep" and (self.evidence or self.service):
            raise ValueError("evidence and service go with `by: outside`; a sweep finds them itself")
        return self


class Asked(Model):
    """A person asks for the remedy by name."""

    parameters: dict[Name, Scalar] = Field(default_factory=dict)


class ExpectedPlan(Model):
    """A plan of one step: its remedy, and those of its parameters that matter."""

    remedy: Name
    parameters: dict[Name, Scalar] = Field(default_factory=dict)

    def matches(self, remedy: str, parameters: dict[str, Scalar]) -> bool:
        """True if a step of *remedy* with *parameters* is the one that is meant."""
        return self.remedy == remedy and all(parameters.get(name) == value for name, value in self.parameters.items())


class HttpCheck(Model):
    """An HTTP request from another host of the lab. A lab host's name in the URL is understood."""

    from_: HostName = Field(alias="from")
    url: str = Field(pattern=r"^https?://[^\s]+$", max_length=500)
    status: int = Field(default=200, ge=100, le=599)
    body: Pattern | None = None


class SshCheck(Model):
    """A command on a host over plain SSH: an argument list, never a shell line. `root`: through sudo."""

    host: HostName
    run: tuple[str, ...] = Field(min_length=1)
    root: bool = False
    exit: int = Field(default=0, ge=0, le=255)
    stdout: Pattern | None = None
    at_least: float | None = None
    """The first number in what it prints must not be below this; `at_most`: not above."""
    at_most: float | None = None


class Check(Model):
    """One thing that somebody outside can see. Exactly one of `http` and `ssh`; it is asked again until `within`."""

    http: HttpCheck | None = None
    ssh: SshCheck | None = None
    within: Duration = timedelta(seconds=30)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.http is None) == (self.ssh is None):
            raise ValueError("give exactly one of http and ssh")
        return self

    @property
    def hosts(self) -> tuple[str, ...]:
        """The lab hosts that take part in it."""
        asking = () if self.http is None else (self.http.from_,)
        return asking if self.ssh is None else (*asking, self.ssh.host)


class Kind(StrEnum):
    """What a snapshot holds of a host. Scenarios declare differences in these words."""

    UNIT = "unit"
    PORT = "port"
    FIREWALL = "firewall"
    USER = "user"
    FILE = "file"
    MOUNT = "mount"
    PACKAGE = "package"


class Change(Model):
    """A difference that the remedy makes beside healing: exactly one kind, with a name or a pattern."""

    unit: Glob | None = None
    port: Glob | None = None
    firewall: Glob | None = None
    user: Glob | None = None
    file: Glob | None = None
    mount: Glob | None = None
    package: Glob | None = None
    host: HostName | None = None
    """Where; the scenario's host by default."""
    why: Sentence | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if len(self._given()) != 1:
            raise ValueError(f"give exactly one of {', '.join(Kind)}")
        return self

    @property
    def kind(self) -> Kind:
        return Kind(next(iter(self._given())))

    @property
    def name(self) -> str:
        return next(iter(self._given().values()))

    def _given(self) -> dict[str, str]:
        return {kind: value for kind in Kind if (value := getattr(self, kind.value)) is not None}


class Again(Model):
    """What a second run of the same step does. Anything but `unchanged` needs a reason, which the proof repeats."""

    expect: Literal["unchanged", "changed", "refused"] = "unchanged"
    why: Sentence | None = None

    @model_validator(mode="after")
    def _a_reason(self) -> Self:
        if self.expect != "unchanged" and self.why is None:
            raise ValueError(f"`expect: {self.expect}` needs a `why`")
        return self


class Undo(Model):
    """The card's undo is run, and `holds` is what somebody outside then sees, and did not see before."""

    holds: tuple[Check, ...] = Field(min_length=1)
    changes: tuple[Change, ...] = ()


class Scenario(Model):
    """The content of a scenario's file. `name` is the file's."""

    name: Name
    title: str = Field(min_length=5, max_length=120)
    remedy: Name
    host: HostName
    fault: Name | None = None
    detected: Detected | None = None
    asked: Asked | None = None
    acceptable: tuple[ExpectedPlan, ...] = ()
    """None: the remedy itself, with any parameters."""
    wrong: tuple[ExpectedPlan, ...] = ()
    says: tuple[Pattern, ...] = ()
    """What the run has to tell people."""
    healed: tuple[Check, ...] = ()
    changes: tuple[Change, ...] = ()
    again: Again = Again()
    undo: Undo | None = None
    not_shown: tuple[Sentence, ...] = ()
    hosts: tuple[HostName, ...] = ()
    """Further hosts of the lab that it needs."""
    variables: dict[str, Any] = Field(default_factory=dict)
    symptoms: dict[Name, Threshold | Literal["off"]] = Field(default_factory=dict)
    never: tuple[Name, ...] = ()
    verify: VerifyOverride = VerifyOverride()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.detected is None) == (self.asked is None):
            raise ValueError(NEEDS)
        if self.fault is None and self.detected is not None and self.detected.by == "sweep":
            raise ValueError("without a fault, a sweep finds nothing; name the fault")
        if not self.healed and not self.says:
            raise ValueError("say how an outside observer knows: give `healed`, or `says` for a remedy that only looks")
        if self.remedy in self.never:
            raise ValueError(f"`never` names {self.remedy}, which is to be proven")
        return self

    @property
    def plans(self) -> tuple[ExpectedPlan, ...]:
        """The plans that are acceptable."""
        return self.acceptable or (ExpectedPlan(remedy=self.remedy),)

    @property
    def needed_hosts(self) -> tuple[str, ...]:
        """Every lab host that takes part, sorted."""
        checks = (*self.healed, *(self.undo.holds if self.undo else ()))
        declared = (*self.changes, *(self.undo.changes if self.undo else ()))
        seen = {host for check in checks for host in check.hosts}
        return tuple(sorted({self.host, *self.hosts, *seen, *(one.host for one in declared if one.host)}))
