"""The open problem that detections are folded into."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from core.detections import Signal
from core.importance import ORDINARY
from core.involved import Involved
from core.model import HostName, Model, Name, Scalar, Subject, Time
from core.severity import Severity
from core.states import State
from core.storms import storm_key

REQUESTED = "requested"
"""The symptom of an incident that no probe raised: a person or a schedule asked for a remedy."""


class Request(Model):
    """What a person (`ask`) or a schedule wants done. Either free `text`, or a remedy with its parameters."""

    by: str
    text: str = Field(default="", max_length=2000)
    remedy: Name | None = None
    hosts: tuple[HostName, ...] = ()
    parameters: dict[str, Scalar] = Field(default_factory=dict)
    undoes: str | None = None
    """The incident whose run this takes back."""


class Incident(Model):
    """One problem on one host, from its first detection to its end.

    `due_at` is when the loop looks at it next (None: only an event or a person moves it on). `version` grows with
    every change, and is what a compare-and-set compares.
    """

    id: str
    fingerprint: str
    fleet: Name
    symptom: Name
    subject: Subject
    host: HostName
    service: str | None
    severity: Severity
    state: State
    reason: str
    version: int
    detections: int
    evidence: dict[str, Scalar]
    request: Request | None = None
    plan_id: str | None = None
    importance: int = ORDINARY
    host_count: int = 1
    hosts: tuple[HostName, ...] = ()
    """All hosts of a storm, sorted; `Incidents.get` alone fills it in. Empty for the problem of one host."""
    involved: Involved = Involved()
    """Who had a hand in it, for whoever counts approvals; `Incidents.get` alone fills it in."""
    opened_at: Time
    changed_at: Time
    last_seen_at: Time
    due_at: Time | None
    ended_at: datetime | None = None

    @property
    def signal(self) -> Signal:
        return Signal(self.host, self.symptom, self.subject)

    @property
    def scope(self) -> tuple[str, ...]:
        """The hosts that a plan for this incident may touch (law 1): those asked for, a storm's, or its own one."""
        if self.request is not None and self.request.hosts:
            return self.request.hosts
        return self.hosts or (self.host,)

    @property
    def is_storm(self) -> bool:
        """True for one problem on many hosts."""
        return self.request is None and self.fingerprint == storm_key(self.fleet, self.symptom, self.subject)

    @property
    def title(self) -> str:
        """One short line for people: `service_down web on demo1`, or `… on 37 hosts`."""
        where = f"{self.host_count} hosts" if self.is_storm else self.host
        return " ".join(part for part in (self.symptom, self.subject, "on", where) if part)
