"""What answers hold beyond the core's models. Never a host's variables, a path of the server or a secret."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from catalog.catalog import Catalog
from core.approvals import Approval
from core.detections import Detection
from core.durations import Duration
from core.fleets import Fleet, FleetFile, Sweep
from core.incidents import Incident
from core.journal import Entry
from core.model import HostName, Model, Name
from core.outcomes import Outcome
from core.people import Role
from core.plans import Plan
from core.policies import Mode
from core.proofs import Proof, ProofState
from core.remedies import Parameter, Reach, Remedy, VerifySettings
from core.runs import Preview, Run
from core.samples import Condition
from core.severity import Risk
from store.detections import Accepted
from store.store import Store


def _fields(value: Model) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value).model_fields}


class IncidentView(Incident):
    """An incident, with its title."""

    title_: str = Field(alias="title")

    @classmethod
    def of(cls, incident: Incident) -> Self:
        """Show *incident*."""
        return cls.model_validate(_fields(incident) | {"title": incident.title})


class PlanView(Plan):
    """A plan, with its title, the hash that an approval binds, and what was decided about it."""

    hash_: str = Field(alias="hash")
    title_: str = Field(alias="title")
    approvals: tuple[Approval, ...]

    @classmethod
    def of(cls, plan: Plan, store: Store) -> Self:
        """Show *plan*."""
        more = {"hash": plan.hash, "title": plan.title, "approvals": tuple(store.approvals.of(plan.id))}
        return cls.model_validate(_fields(plan) | more)


MOST_ENTRIES = 1000
"""Entries of the journal that are shown of one incident: a storm has ten times as many."""


class IncidentDetail(IncidentView):
    """An incident with all that belongs to it: of detections the latest 200, of the journal the latest 1,000."""

    detections_list: tuple[Detection, ...]
    plans: tuple[PlanView, ...]
    runs: tuple[Run, ...]
    outcomes: tuple[Outcome, ...]
    journal: tuple[Entry, ...]

    @classmethod
    def collect(cls, incident: Incident, store: Store) -> Self:
        """Show *incident* with what *store* has of it, each kind in the order in which it came to be."""
        more = {
            "title": incident.title,
            "detections_list": store.detections.of(incident.id),
            "plans": [PlanView.of(plan, store) for plan in store.plans.of(incident.id)],
            "runs": store.runs.newest(incident_id=incident.id)[::-1],
            "outcomes": store.outcomes.newest(incident_id=incident.id)[::-1],
            "journal": store.journal.last(MOST_ENTRIES, incident_id=incident.id),
        }
        return cls.model_validate(_fields(incident) | more)


class AcceptedDetection(Model):
    """Where a detection went. `opened`: it began a new incident."""

    detection: str
    incident: str
    opened: bool


class AcceptedBatch(Model):
    """Where each detection went, in the order in which they came."""

    accepted: tuple[AcceptedDetection, ...]

    @classmethod
    def of(cls, accepted: list[Accepted]) -> Self:
        """Show *accepted*."""
        rows = [
            AcceptedDetection(detection=one.detection.id, incident=one.incident_id, opened=one.opened)
            for one in accepted
        ]
        return cls(accepted=tuple(rows))


class PreviewView(Model):
    """What a plan would change, step by step."""

    plan: PlanView
    previews: tuple[Preview, ...]


class RemedyView(Model):
    """A remedy, as its card and its role describe it."""

    id: Name
    title: str
    description: str
    treats: tuple[Name, ...]
    risk: Risk
    vetted: bool
    proof_state: ProofState
    digest: str
    parameters: tuple[Parameter, ...]
    needs: tuple[str, ...]
    read_only: bool
    check_mode: bool
    reversible: bool
    undo: Name | None
    bind_diff: bool
    verify: VerifySettings
    cooldown: Duration
    timeout: Duration
    reach: Reach

    @classmethod
    def of(cls, remedy: Remedy) -> Self:
        """Show *remedy*."""
        return cls.model_validate(
            {field.alias or name: getattr(remedy, name) for name, field in cls.model_fields.items()}
        )


class RemedyDetail(RemedyView):
    """A remedy with the JSON Schema of its parameters, the files that its digest covers, and what a lab showed."""

    proof: Proof | None
    schema_: dict[str, Any] = Field(alias="schema")
    reads: tuple[str, ...]
    files: tuple[str, ...]


class CatalogView(Model):
    """Every remedy, and what was left out of the catalog and why."""

    remedies: tuple[RemedyView, ...]
    problems: tuple[str, ...]

    @classmethod
    def of(cls, catalog: Catalog) -> Self:
        """Show *catalog*."""
        remedies = tuple(RemedyView.of(remedy) for remedy in catalog.remedies.values())
        return cls(remedies=remedies, problems=tuple(map(str, catalog.problems)))


class FleetView(Model):
    """A fleet at a glance. What `problems` keep from being read is null."""

    name: str
    mode: Mode | None
    enabled: bool | None
    hosts: int | None
    sweeps: tuple[Sweep, ...] | None
    problems: tuple[str, ...]


class HostView(Model):
    """A host and the groups that it is in."""

    name: HostName
    groups: tuple[str, ...]


class FleetDetail(Model):
    """A fleet with its hosts, and what is wrong (or about to be) on them now."""

    name: str
    mode: Mode
    enabled: bool
    hosts: tuple[HostView, ...]
    sweeps: tuple[Sweep, ...]
    conditions: tuple[Condition, ...]

    @classmethod
    def of(cls, fleet: Fleet, conditions: list[Condition]) -> Self:
        """Show *fleet*."""
        file: FleetFile = fleet.file
        return cls(
            name=fleet.name,
            mode=file.mode,
            enabled=file.enabled,
            hosts=tuple(HostView(name=host.name, groups=host.groups) for host in fleet.hosts),
            sweeps=file.sweeps,
            conditions=tuple(conditions),
        )


class ProofView(Model):
    """What was checked, and the first violation (null if there is none)."""

    entries: int
    incidents: int
    runs: int
    violation: str | None


class TokenView(Model):
    """A token; what it is can't be seen again. It may do what its person may, as far as `role` and `fleet` allow."""

    name: str
    person: str
    role: Role
    fleet: str
    created_at: datetime
    expires_at: datetime | None


class NewToken(Model):
    """A token, shown this once."""

    name: str
    token: str


class StatusView(Model):
    """Fine."""

    status: str


class ChannelView(Model):
    """Where a message went."""

    channel: str
