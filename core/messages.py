"""Messages: what people outside were told of an incident, and what there is to tell.

They follow states, not events: whoever was away is told how things stand now, once.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from pydantic import Field

from core.approvals import Approval, Ask, Foreseen
from core.errors import Retryable
from core.incidents import Incident
from core.journal import Entry
from core.model import Model, Time
from core.plans import Plan


class Kind(StrEnum):
    """Which way a message goes out."""

    SLACK = "slack"
    WEBHOOK = "webhook"


class Told(Model):
    """What one channel was told of one incident. `place` and `ts` are where, in Slack's words: a channel and a time.

    `version` is the incident's as it was told (0: nothing yet), `seq` the newest entry of the journal.
    """

    incident_id: str
    kind: Kind
    channel: str
    """As `fleet.yml` names it; empty for the webhook."""
    place: str | None = None
    ts: str | None = None
    version: int = 0
    digest: str = ""
    """Over the message as it was sent, so that what looks the same is not sent again."""
    plan_hash: str | None = None
    seq: int = 0
    reminded_at: Time | None = None
    failures: int = 0
    next_try_at: Time | None = None
    last_error: str | None = None


class Standing(Model):
    """How a channel stands: after a failure it is left alone until `next_try_at`."""

    kind: Kind
    channel: str
    failures: int = 0
    next_try_at: Time | None = None
    last_error: str | None = None
    last_error_at: Time | None = None
    last_told_at: Time | None = None


class Story(Model):
    """How an incident stands, with all that a message may say of it."""

    incident: Incident
    symptom: str
    """In words."""
    plan: Plan | None = None
    remedies: dict[str, str] = Field(default_factory=dict)
    """Remedy id -> title."""
    ask: Ask | None = None
    foreseen: Foreseen | None = None
    approvals: tuple[Approval, ...] = ()
    held: bool = False
    """True if the policy leaves the plan to people without asking them (mode suggest)."""
    verdict: str | None = None
    """That of the last outcome."""
    entries: tuple[Entry, ...] = ()
    """What the journal says of the incident, beyond what was told."""
    link: str | None = None
    """Where all of it can be read."""


Save = Callable[[Told], None]


class Teller(Protocol):
    """Tells one kind of channel."""

    def tell(self, story: Story, told: Told, save: Save) -> None:
        """Bring the channel up to *story*, calling *save* with each step that succeeded. Raises Undelivered."""
        ...


class Undelivered(Retryable):
    """It did not get through. The channel is left alone for a while; with *only_this*, just this message is."""

    def __init__(self, problem: str, *, after: float | None = None, only_this: bool = False) -> None:
        """*after*: seconds to wait at least, as the other side asked."""
        super().__init__(problem)
        self.after, self.only_this = after, only_this
