"""A case: all that a ruling of the policy rests on, as one value. What is recorded so can be judged again, any time."""

from __future__ import annotations

from pydantic import Field

from core.approvals import Decision, Usage
from core.durations import Duration
from core.fleets import Budget
from core.model import HostName, Model, Name, Time
from core.plans import Step
from core.policies import Mode, ModesByPart, Policy
from core.severity import Risk


class CaseRemedy(Model):
    """A remedy of the plan, as the catalog had it."""

    vetted: bool
    digest: str
    risk: Risk
    unproven: str | None
    """Why it counts as not proven, in words; None if a valid proof is there."""
    most_hosts: int
    """How many hosts its card allows at once, in this fleet."""
    cooldown: Duration


class Case(Model):
    """A plan, the incident that it is for, the policy of its fleet, and what was going on."""

    incident_id: str
    plan_id: str
    plan_hash: str
    steps: tuple[Step, ...]
    risk: Risk
    proposer: str
    confidence: float
    scope: tuple[HostName, ...]
    vouched: bool
    """False: nobody but the affected host itself says that something is wrong."""
    fleet: Name
    enabled: bool
    mode: Mode
    modes: ModesByPart
    policy: Policy
    budget: Budget
    cooldown: Duration | None
    groups: dict[HostName, tuple[str, ...]]
    """The groups of each of the plan's hosts that is in the fleet."""
    remedies: dict[Name, CaseRemedy]
    """Those of the plan's remedies that are in the catalog."""
    usage: Usage
    policy_digest: str
    catalog_digest: str
    at: Time


class Ruled(Model):
    """A ruling on record: what was decided, and the whole case."""

    id: str
    at: Time
    decision: Decision
    case: Case = Field(repr=False)
