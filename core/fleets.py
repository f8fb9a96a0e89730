"""A fleet: hosts with their variables, and how they are watched and healed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from core.durations import Duration, Share
from core.model import HostName, Model, Name, Scalar
from core.policies import Mode, ModesByPart, Policy
from core.silences import Maintenance
from core.storms import StormRule
from core.symptoms import Threshold


class Sweep(Model):
    """Which probes run how often. `hosts` names groups or hosts; empty means all of the fleet."""

    every: Duration
    probes: tuple[Name, ...] = Field(min_length=1)
    hosts: tuple[str, ...] = ()


class Schedule(Model):
    """A remedy that is asked for at set times. Exactly one of `cron` (five fields, UTC) and `every`."""

    remedy: Name
    cron: str | None = None
    every: Duration | None = None
    hosts: tuple[str, ...] = ()
    parameters: dict[str, Scalar] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if (self.cron is None) == (self.every is None):
            raise ValueError("give exactly one of cron and every")
        if self.cron is not None and len(self.cron.split()) != 5:
            raise ValueError("cron has five fields: minute hour day-of-month month day-of-week")
        return self


class Budget(Model):
    """What may be touched in a given time, over every remedy and approval together."""

    hosts_per_hour: int | None = Field(default=None, ge=1)
    concurrent_runs: int = Field(default=2, ge=1)
    runs_per_hour: int = Field(default=100, ge=1)
    """A ceiling that is always there: if something goes round in circles, it stops here."""
    at_once: Share = 1.0
    """Share of the fleet's hosts that may be down or touched at once; one host always may."""
    group_at_once: dict[str, Share] = Field(default_factory=dict)
    """The same, for groups of the inventory."""
    stop_when_unhealthy: Share = 1.0


class VerifyOverride(Model):
    """A fleet's own `within` and `hold`, in place of the card's."""

    within: Duration | None = None
    hold: Duration | None = None


class Notify(Model):
    """Who is told, and asked. Channels are named as Slack does: `#ops`, or a channel's id."""

    slack: str | None = None
    """Who is asked first."""
    next: str | None = None
    """Who is asked as well, when `policy.approve.widen` has passed without an answer."""
    webhook: bool = False
    """True: the outgoing webhook of `FLEETMEND_WEBHOOK_URL` is told, too."""

    @model_validator(mode="after")
    def _first_before_next(self) -> Self:
        if self.next is not None and self.slack is None:
            raise ValueError("next goes with slack: who is asked first?")
        return self


class FleetFile(Model):
    """The content of `fleet.yml`."""

    mode: Mode = Mode.APPROVE
    enabled: bool = True
    inventory: tuple[str, ...] = ()
    """Inventory sources relative to the fleet's folder; empty means the folder itself, as Ansible reads it."""
    sweeps: tuple[Sweep, ...] = ()
    storms: StormRule | Literal["off"] = StormRule()
    """When many hosts with one symptom are one incident."""
    schedules: dict[Name, Schedule] = Field(default_factory=dict)
    symptoms: dict[Name, Threshold | Literal["off"]] = Field(default_factory=dict)
    modes: ModesByPart = ModesByPart()
    """Modes of groups and remedies, in place of the fleet's own."""
    policy: Policy = Policy()
    budget: Budget = Budget()
    verify: VerifyOverride = VerifyOverride()
    cooldown: Duration | None = None
    """In place of the cards' cooldowns."""
    notify: Notify = Notify()
    maintenance: tuple[Maintenance, ...] = ()
    """Times in which troubles are expected: what is detected then is suppressed, and says so."""
    inventory_ttl: Duration = timedelta(minutes=5)
    """How long a resolved inventory is used before a dynamic source is asked again; changed files count at once."""


class Host(Model):
    """One inventory host. `variables` are its resolved variables; `fleetmend_*` and `ansible_*` ones are rendered."""

    name: HostName
    groups: tuple[str, ...] = ()
    variables: dict[str, Any] = Field(default_factory=dict, repr=False)
    given: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Variables that Ansible gets in another form than `variables` has them, as JSON that it reads back: vaulted, or
    marked as text that is no template."""

    def names_in(self, variable: str) -> tuple[str, ...]:
        """The keys (of a mapping) or items (of a list) of a host variable, as text; empty if it is not set."""
        value = self.variables.get(variable) or {}
        return tuple(str(item) for item in value) if isinstance(value, dict | list) else ()

    def entries_in(self, variable: str) -> dict[str, dict[str, Any]]:
        """A host variable that maps names to entries, leaving out what is not such an entry."""
        value = self.variables.get(variable)
        if not isinstance(value, dict):
            return {}
        return {str(name): entry for name, entry in value.items() if isinstance(entry, dict)}


class Fleet(Model):
    """A fleet, ready for use: its file and its resolved hosts."""

    name: Name
    folder: Path
    file: FleetFile
    hosts: tuple[Host, ...]
    policy_digest: str
    """Digest over what the approver reads: mode, policy, budget."""
    secrets: frozenset[str] = Field(default=frozenset(), repr=False)
    """Values that must never be shown: passwords, vaulted variables. Only the redactor reads them."""

    @property
    def host_names(self) -> tuple[str, ...]:
        return tuple(host.name for host in self.hosts)

    def host(self, name: str) -> Host | None:
        """Return the host called *name*, or None."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> Mapping[str, Host]:
        return {host.name: host for host in reversed(self.hosts)}  # of two with one name the first counts

    def select(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Host names behind *names* (hosts or groups; empty means all), in inventory order."""
        if not names:
            return self.host_names
        wanted = set(names)
        return tuple(host.name for host in self.hosts if host.name in wanted or wanted & set(host.groups))

    def is_among(self, host: str, names: tuple[str, ...]) -> bool:
        """True if `select(names)` has *host* in it."""
        found = self.host(host)
        return found is not None and (not names or host in names or not set(names).isdisjoint(found.groups))

    def beside(self, names: Iterable[str], variables: Iterable[str]) -> tuple[str, ...]:
        """Names of further hosts that entries of *variables* of the hosts *names* give under the key `host`.

        What reads such a variable acts on those hosts, too: a load balancer's, say. They need not exist.
        """
        wanted = tuple(variables)
        found: dict[str, None] = {}
        for host in filter(None, map(self.host, names)):
            for variable in wanted:
                entries = host.entries_in(variable).values()
                found |= {str(entry["host"]): None for entry in entries if isinstance(entry.get("host"), str)}
        return tuple(sorted(found.keys() - set(names)))
