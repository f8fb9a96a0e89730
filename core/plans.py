"""Plans: what is going to be done, exactly. The hash of a plan is what an approval binds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from core.digests import digest_of
from core.model import HostName, Model, Name, Scalar, Time
from core.severity import Risk

_MOST_NAMED = 6
_ONE_DIGEST = "inventory"


class Step(Model):
    """One remedy with its typed parameters on resolved, sorted hosts. Never without a host."""

    remedy: Name
    digest: str
    parameters: dict[str, Scalar]
    hosts: tuple[HostName, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _sorted_hosts(self) -> Self:
        if list(self.hosts) != sorted(set(self.hosts)):
            raise ValueError("hosts must be sorted, each once")
        return self


class Alternative(Model):
    """What comes next if the plan does not heal: a complete step, with why it was ranked behind."""

    step: Step
    risk: Risk
    confidence: float = Field(ge=0, le=1)
    reason: str


class Proposal(Model):
    """A checked choice of the planner, before it becomes a plan: law 1 holds for every step in it."""

    steps: tuple[Step, ...] = Field(min_length=1)
    risk: Risk
    proposer: str
    """Who chose: `rules`, `model:<provider>:<name>`, `schedule:<name>` or `person:<name>`."""
    confidence: float = Field(ge=0, le=1)
    reasons: tuple[str, ...]
    alternatives: tuple[Alternative, ...] = ()


class Abstention(Model):
    """The planner found nothing that it may choose, and says why. The incident goes to people."""

    proposer: str
    reason: str


class Plan(Proposal):
    """A proposal that was stored for an incident. `number` counts the incident's plans from 1."""

    id: str
    incident_id: str
    number: int
    policy_digest: str
    bound: dict[str, str]
    """What Ansible reads beside the remedies: thing (`host web1`, `file files/web.conf`, `ansible.cfg`) -> digest."""
    created_at: Time

    @property
    def hash(self) -> str:
        """What an approval binds: the incident, the steps, the policy, and what Ansible reads beside the remedies."""
        return digest_of(
            {
                "incident": self.incident_id,
                "steps": [step.model_dump(mode="json") for step in self.steps],
                "policy": self.policy_digest,
                # Plans of before have one digest over their inventory, and keep their hash.
                "inventory": self.bound.get(_ONE_DIGEST, self.bound),
            }
        )

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(sorted({host for step in self.steps for host in step.hosts}))

    @property
    def title(self) -> str:
        """One short line for people: `service_restart service=web on demo1`."""
        return "; ".join(step_title(step) for step in self.steps)


def step_title(step: Step) -> str:
    """`service_restart service=web on demo1`."""
    words = [
        step.remedy,
        *(f"{key}={value}" for key, value in step.parameters.items()),
        "on",
        hosts_in_words(step.hosts),
    ]
    return " ".join(words)


def hosts_in_words(hosts: Sequence[str]) -> str:
    """`h1, h2, h3`; of many, the first five and how many more there are."""
    if len(hosts) <= _MOST_NAMED:
        return ", ".join(hosts)
    return f"{', '.join(hosts[: _MOST_NAMED - 1])} and {len(hosts) - _MOST_NAMED + 1} more"


class Planning(Model):
    """All that came of one call of the planner. `refusals` says what law 1 turned down, for the journal."""

    result: Proposal | Abstention
    candidates: tuple[str, ...]
    refusals: tuple[str, ...] = ()
