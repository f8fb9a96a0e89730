"""Plans that want places in the budgets: stored, approved in spirit, and begun as the loop begins them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.fleets import Budget, Fleet, FleetFile, Host
from core.ids import new_id
from core.incidents import Incident
from core.plans import Plan, Proposal, Step
from core.remedies import Remedy
from core.runs import Run, RunResult, RunStatus
from core.severity import Risk
from core.states import State
from store.budgets import Room
from store.store import Store
from tests.stores import detection

HOSTS = ("h1", "h2", "h3", "h4", "h5", "h6")


def remedy(id: str = "restart", *, read_only: bool = False, cooldown: timedelta = timedelta(0)) -> Remedy:
    """A vetted remedy."""
    common: dict[str, Any] = {"title": id, "treats": ("service_down",), "risk": Risk.LOW, "parameters": ()}
    common |= {"root": Path("/content"), "files": (), "schema": {}}
    return Remedy(id=id, read_only=read_only, cooldown=cooldown, digest="d", vetted=True, **common)


REMEDIES = {one.id: one for one in (remedy(), remedy("repair"), remedy("look", read_only=True))}


def fleet(name: str = "demo", *, hosts: tuple[str, ...] = HOSTS, **budget: Any) -> Fleet:
    """A fleet with this budget; the first half of its hosts is the group `web`."""
    half = set(hosts[: len(hosts) // 2])
    made = tuple(Host(name=host, groups=("all", "web") if host in half else ("all",)) for host in hosts)
    file = FleetFile(budget=Budget.model_validate({"concurrent_runs": 100} | budget))
    return Fleet(name=name, folder=Path("/fleet"), file=file, hosts=made, policy_digest="p")


def opened(store: Store, clock: Clock, host: str = "h1", **changes: Any) -> Incident:
    """A new incident."""
    changes = {"subject": new_id("s"), "service": None} | changes
    with store.write() as tx:
        [accepted] = store.detections.accept(tx, [detection(clock, host=host, **changes)], {})
    return store.incidents.get(accepted.incident_id)


def planned(
    store: Store, clock: Clock, *steps: tuple[str, tuple[str, ...]], fleet: str = "demo", severity: str = "warning"
) -> Plan:
    """An approved incident's plan of *steps*: (remedy, hosts)."""
    made = tuple(Step(remedy=remedy, digest="d", parameters={}, hosts=hosts) for remedy, hosts in steps)
    proposal = Proposal(steps=made, risk=Risk.LOW, proposer="rules", confidence=0.8, reasons=("it treats it",))
    incident = opened(store, clock, made[0].hosts[0], fleet=fleet, severity=severity)
    with store.write() as tx:
        plan = store.plans.add(tx, incident, proposal, policy_digest="p", bound={"host h1": "i"})
        incident = store.incidents.move(tx, incident, State.PLANNED, "planned", plan_id=plan.id)
        store.incidents.move(tx, incident, State.APPROVED, "approved", due_at=clock.now())
    return plan


def begin(store: Store, clock: Clock, plan: Plan, where: Fleet) -> Room:
    """Reserve and begin, in one transaction, as `loop/steps/running.py` does. The run's id is `run-<plan>-0`."""
    incident = store.incidents.get(plan.incident_id)
    with store.write() as tx:
        room = store.budgets.reserve(tx, plan, where, REMEDIES)
        if room.obstacle is None:
            begin_step(store, clock, tx, plan, where, 0)
            store.incidents.move(tx, incident, State.RUNNING, "running", due_at=clock.now())
    return room


def begin_step(store: Store, clock: Clock, tx: Any, plan: Plan, where: Fleet, number: int) -> Run:
    """Begin one step of a plan that has its places."""
    step = plan.steps[number]
    run = Run(
        id=f"run-{plan.id}-{number}",
        incident_id=plan.incident_id,
        plan_id=plan.id,
        step=number,
        remedy=step.remedy,
        fleet=where.name,
        hosts=step.hosts,
        parameters={},
        read_only=REMEDIES[step.remedy].read_only,
        status=RunStatus.STARTING,
        worker="w",
        started_at=clock.now(),
    )
    store.runs.begin(tx, run)
    return run


def end(store: Store, plan: Plan, number: int = 0, *, then: State = State.VERIFYING) -> None:
    """End a run; the incident goes to `verifying`, and on to *then*."""
    run, incident = store.runs.get(f"run-{plan.id}-{number}"), store.incidents.get(plan.incident_id)
    with store.write() as tx:
        store.runs.end(tx, run, RunResult(status=RunStatus.SUCCESSFUL))
        incident = store.incidents.move(tx, incident, State.VERIFYING, "ran", due_at=incident.due_at)
        if then is not State.VERIFYING:
            store.incidents.move(tx, incident, then, "healed")
