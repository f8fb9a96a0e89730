"""Making a case: everything that the policy judges by is gathered here, once, and nothing is looked up after that."""

from __future__ import annotations

import math
from datetime import datetime

from catalog.catalog import Catalog
from catalog.proof_rule import lacking
from core.approvals import Usage
from core.cases import Case, CaseRemedy
from core.fleets import Fleet
from core.incidents import Incident
from core.plans import Plan
from core.remedies import Remedy


def make_case(
    plan: Plan, incident: Incident, fleet: Fleet, catalog: Catalog, usage: Usage, *, vouched: bool, now: datetime
) -> Case:
    """The case of *plan*. *vouched*: somebody beside the affected host says that something is wrong."""
    file = fleet.file
    found = {name: catalog.remedies[name] for step in plan.steps if (name := step.remedy) in catalog.remedies}
    groups = {name: host.groups for name in plan.hosts if (host := fleet.host(name)) is not None}
    return Case(
        incident_id=incident.id,
        plan_id=plan.id,
        plan_hash=plan.hash,
        steps=plan.steps,
        risk=plan.risk,
        proposer=plan.proposer,
        confidence=plan.confidence,
        scope=incident.scope,
        vouched=vouched or incident.request is not None,
        fleet=fleet.name,
        enabled=file.enabled,
        mode=file.mode,
        modes=file.modes,
        policy=file.policy,
        budget=file.budget,
        cooldown=file.cooldown,
        groups=groups,
        remedies={name: _facts(remedy, fleet) for name, remedy in found.items()},
        usage=usage,
        policy_digest=fleet.policy_digest,
        catalog_digest=catalog.digest,
        at=now,
    )


def max_hosts(remedy: Remedy, fleet: Fleet) -> int:
    """How many of *fleet*'s hosts a run of *remedy* may touch: the card's number, or share of the fleet."""
    limit = remedy.reach.max_hosts
    return limit if isinstance(limit, int) else max(1, math.floor(limit * len(fleet.hosts) + 1e-9))


def _facts(remedy: Remedy, fleet: Fleet) -> CaseRemedy:
    return CaseRemedy(
        vetted=remedy.vetted,
        digest=remedy.digest,
        risk=remedy.risk,
        unproven=lacking(remedy),
        most_hosts=max_hosts(remedy, fleet),
        cooldown=remedy.cooldown,
    )
