"""Approvals: what the policy ruled, what people were asked, and what they decided about the exact hash of a plan."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from core.model import Model, Time
from core.people import OWNER
from core.runs import Preview


class Answer(StrEnum):
    """What was decided."""

    APPROVE = "approve"
    REJECT = "reject"


class Approval(Model):
    """One decision, by policy or by a person. It holds for `plan_hash` alone, and until `expires_at`."""

    id: str
    incident_id: str
    plan_id: str
    plan_hash: str
    answer: Answer
    by: str
    """`policy`, or `person:<name>`."""
    via: str = OWNER
    """Which way the person came in: see `Access.via`."""
    reasons: tuple[str, ...]
    at: Time
    expires_at: Time


class Ask(Model):
    """A plan that waits for people, and how they are reminded. One a plan; it stays as a record."""

    plan_id: str
    incident_id: str
    needed: int = Field(ge=1)
    """How many different people have to approve."""
    asked_at: Time
    expires_at: Time
    remind_at: Time | None = None
    """When whoever was asked is reminded; None: not, or not any more."""
    widen_at: Time | None = None
    """When the next group is asked as well; None: not, or not any more."""
    reminded_at: Time | None = None
    widened_at: Time | None = None
    snoozed_until: Time | None = None
    snoozed_by: str | None = None


class Foreseen(Model):
    """What `--check --diff` said of a plan before people were asked: one preview a step, in their order.

    `problem` says in one line why nothing, or not all, could be foreseen. `digest` is over the diffs alone.
    """

    plan_id: str
    at: Time
    previews: tuple[Preview, ...] = ()
    problem: str | None = None
    digest: str

    @property
    def unknown(self) -> str | None:
        """Why it is unknown what the plan would change, at least on one host; None if it was foreseen everywhere."""
        hosts = (host for preview in self.previews for host in preview.hosts)
        return self.problem or next((host.unknown for host in hosts if host.unknown is not None), None)


class Ruling(StrEnum):
    """What the policy says about a plan."""

    RUN = "run"
    ASK = "ask"
    STOP = "stop"
    HOLD = "hold"


class Decision(Model):
    """The policy's ruling on a plan, with every rule that it met, in words.

    `RUN`: by itself. `ASK`: a person must approve. `HOLD`: the mode ends here (suggest). `STOP`: never; escalate.
    """

    ruling: Ruling
    rules: tuple[str, ...]


class Usage(Model):
    """A snapshot of what is going on in a fleet, for the policy to judge by."""

    paused: str | None = None
    """Who paused what and why, or None."""
    running: int = 0
    hosts_touched: int = 0
    """Different hosts that runs touched within the last hour, and this plan's own."""
    unhealthy_share: float = 0.0
    """Share of the fleet's hosts with a live incident, 0 to 1."""
    last_runs: dict[str, Time] = Field(default_factory=dict)
    """`<remedy>@<host>` -> when that remedy last started there."""
    attempts: int = 0
    """Plans of this incident that already ran."""
