"""Sources: who tells us of problems from outside, as `inventory/sources.yml` says. No secret stands in that file."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from core.durations import Duration
from core.model import Model, Name
from core.severity import Severity

IGNORE = "ignore"
"""In place of a symptom: an alert that is no problem, such as one that always fires to show that the way is open."""

SourceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_\-]{0,62}$")]
EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9\-]{0,99}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
AlertName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
"""JMESPath."""
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00-\x1f\x7f/]+[^\s\x00-\x1f\x7f]*$", max_length=2000)]


class SecretFrom(Model):
    """Where a secret is kept: exactly one of an environment variable and a file."""

    env: EnvName | None = None
    file: str | None = Field(default=None, min_length=1)
    user: str | None = Field(default=None, min_length=1, max_length=100)
    """With it, the secret is the password of this user (`Authorization: Basic`). Else it is a bearer token."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("give exactly one of env and file: where the secret is kept, never the secret itself")
        return self


class Secret(SecretFrom):
    """How a source shows that it is itself: a token, a shared header, or a signature over the body."""

    header: HeaderName | None = None
    """The secret stands in this header as it is."""
    signature: HeaderName | None = None
    """This header holds HMAC-SHA256 over what was sent, in hexadecimal; `sha256=` before it does no harm."""
    timestamp: HeaderName | None = None
    """The header with the time in seconds since 1970 that is signed along: `<time><between><body>`."""
    between: str = Field(default=".", max_length=3)
    within: Duration = timedelta(minutes=5)
    """How far that time may be off."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.user, self.header, self.signature)) > 1:
            raise ValueError("give only one of user, header and signature")
        if self.timestamp is not None and self.signature is None:
            raise ValueError("timestamp goes with signature")
        if not timedelta(0) < self.within <= timedelta(hours=1):
            raise ValueError("within must be between 1s and 1h")
        return self


class Flapping(Model):
    """So many changes within this time, and an alert counts as flapping: its incident is held open until it is calm."""

    changes: int = Field(default=6, ge=2, le=20)
    within: Duration = timedelta(minutes=10)


class LabelsOf(Model):
    """Which labels say what, the first that is there counts."""

    fleet: tuple[Label, ...] = ("fleet",)
    host: tuple[Label, ...] = ("instance", "host", "hostname", "nodename", "node", "target", "server")
    symptom: tuple[Label, ...] = ("symptom",)
    subject: tuple[Label, ...] = ("subject",)
    severity: tuple[Label, ...] = ("severity", "level", "priority")


class NamedAlert(Model):
    """What an alert of this name is about."""

    symptom: Name
    subject: Label | None = None
    """The label that says what on the host it is about."""
    severity: Severity | None = None


class AlertMap(Model):
    """How JSON of any shape becomes alerts: a JMESPath expression for each, asked of every item."""

    host: Expression
    symptom: Expression
    id: Expression | None = None
    """What stays the same while an alert fires and when it is over; fleet, host, symptom and subject if unset."""
    name: Expression | None = None
    firing: Expression = "`true`"
    """Whether the problem is there (true, 1, `firing`, `alerting`, `problem`, `down`, …), or over."""
    fleet: Expression | None = None
    subject: Expression | None = None
    severity: Expression | None = None
    starts_at: Expression | None = None
    ends_at: Expression | None = None
    evidence: dict[Name, Expression] = Field(default_factory=dict, max_length=30)


class _Hook(Model):
    secret: Secret
    fleet: Name | None = None
    """All that it tells is about this fleet."""
    severities: dict[str, Severity] = Field(default_factory=dict)
    """Its own words for severities, in lower case."""
    lag: Duration = timedelta(minutes=6)
    """How far it may be behind: after a fix, the alert gets that long to be over, beside the remedy's own time."""
    flapping: Flapping = Flapping()


class AlertmanagerSource(_Hook):
    """Prometheus Alertmanager's webhook, version 4, and whatever sends the same (Grafana, Mimir, vmalert)."""

    kind: Literal["alertmanager"]
    labels: LabelsOf = LabelsOf()
    alerts: dict[AlertName, NamedAlert | Literal["ignore"]] = Field(default_factory=dict)
    """By alert name; they come before the shipped ones."""


class WebhookSource(_Hook):
    """JSON of any shape."""

    kind: Literal["webhook"]
    items: Expression = "@"
    """The list of alerts in a body, or the only one."""
    map: AlertMap
    symptoms: dict[str, Name | Literal["ignore"]] = Field(default_factory=dict)
    """Its own words for symptoms."""
    repeats_after: Duration = timedelta(minutes=5)
    """The same body again within this time is a retry, and counts once."""


class Query(Model):
    """One question to Prometheus in each sweep: its answer gives samples, by host and subject."""

    query: Annotated[str, StringConstraints(min_length=1, max_length=5000)]
    sample: str = Field(pattern=r"^[a-z][a-z0-9_.]{0,62}$")
    host: Label = "instance"
    subject: Label | None = None


class PrometheusSource(Model):
    """A Prometheus server (or what speaks its query API) that the probe `prometheus` asks."""

    kind: Literal["prometheus"]
    url: Url
    secret: SecretFrom | None = None
    fleets: tuple[Name, ...] = ()
    """Which fleets it knows; empty means every one."""
    queries: dict[Name, Query] = Field(min_length=1, max_length=50)
    timeout: Duration = timedelta(seconds=10)


HookSource = AlertmanagerSource | WebhookSource
Source = HookSource | PrometheusSource
KINDS: dict[str, type[AlertmanagerSource] | type[WebhookSource] | type[PrometheusSource]] = {
    "alertmanager": AlertmanagerSource,
    "webhook": WebhookSource,
    "prometheus": PrometheusSource,
}
