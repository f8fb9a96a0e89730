"""Cases as things are now: what the policy judges by, gathered from the store and the files."""

from __future__ import annotations

from datetime import datetime

from approver.case import make_case
from catalog.catalog import Catalog
from core.approvals import Usage
from core.cases import Case
from core.fleets import Fleet
from core.incidents import Incident
from core.plans import Plan
from monitor.detect import symptoms_of
from monitor.provenance import from_outside
from store.store import Store


def case_of(store: Store, plan: Plan, incident: Incident, fleet: Fleet, catalog: Catalog, *, now: datetime) -> Case:
    """The case of *plan* as things are *now*. What is read from the store is of one moment."""
    with store.read():
        usage = _usage(store, plan, incident, fleet)
        vouched = _vouched(store, incident, fleet, catalog)
    return make_case(plan, incident, fleet, catalog, usage, vouched=vouched, now=now)


def _vouched(store: Store, incident: Incident, fleet: Fleet, catalog: Catalog) -> bool:
    """True if an alert, a person, or a probe that looks from outside says that something is wrong."""
    symptoms = symptoms_of(fleet, catalog.symptoms)
    said = store.incidents.said_by(incident.id)
    return any(from_outside(source, symptoms.get(symptom)) for source, symptom in said)


def _usage(store: Store, plan: Plan, incident: Incident, fleet: Fleet) -> Usage:
    """What is going on in the fleet right now."""
    paused = [f"by {pause.by}: {pause.reason}" for pause in store.pauses.in_force() if pause.holds_for(fleet.name)]
    unhealthy = store.incidents.unhealthy_hosts(fleet.name) & set(fleet.host_names)
    return Usage(
        paused=paused[0] if paused else None,
        running=store.runs.count_open(fleet.name),
        hosts_touched=len(store.budgets.hosts_last_hour(fleet.name) | set(plan.hosts)),
        unhealthy_share=len(unhealthy) / len(fleet.hosts),
        last_runs=store.budgets.last_starts(fleet.name, plan.hosts),
        attempts=len({run.plan_id for run in store.runs.newest(incident_id=incident.id)}),
    )
