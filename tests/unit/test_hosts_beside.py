"""A remedy that acts on a further host, a load balancer's, is bound to that host too (law 6)."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from approver.start import may_start
from core.approvals import Answer, Approval
from core.digests import digest_of
from core.errors import Refused
from core.fleets import Host
from core.plans import Plan
from fleets.freezer import Freezer, Use
from fleets.frozen_inventory import mentions_in
from tests.planning import NOW, SERVICE_RESTART, make_catalog, make_fleet, make_incident, make_plan, make_step
from tests.unit.content import own_environment

FREEZER = Freezer(own_environment(Path("/nonexistent"), Path("/nonexistent")))
MENTIONS = mentions_in(["{{ fleetmend_balancers.front.host }}"])
WEB = Host(name="web1", variables={"fleetmend_balancers": {"front": {"host": "lb1"}, "old": {"host": "lb1"}, "odd": 5}})
LB = Host(name="lb1", variables={"ansible_host": "10.0.0.1", "fleetmend_services": {}})
REMEDY = SERVICE_RESTART.evolve(reads=("fleetmend_balancers",))
CATALOG = dataclasses.replace(make_catalog(), remedies={REMEDY.id: REMEDY})


def plan_on_web() -> Plan:
    return make_plan(make_step(REMEDY, "web1", service="web"))


def digest(*hosts: Host) -> str:
    use = Use(hosts=("web1",), reads=REMEDY.reads, mentions=MENTIONS)
    return digest_of(dict(FREEZER.freeze(make_fleet(*hosts), [use]).parts))


def test_the_hosts_that_entries_name_are_found_once() -> None:
    fleet = make_fleet(WEB, LB)
    assert fleet.beside(("web1",), ("fleetmend_balancers", "fleetmend_services")) == ("lb1",)
    assert fleet.beside(("web1", "lb1"), ("fleetmend_balancers",)) == ()
    assert fleet.beside(("web1",), ()) == ()


def test_their_connection_is_in_the_hash_and_their_other_variables_are_not() -> None:
    moved = LB.evolve(variables={**LB.variables, "ansible_host": "10.9.9.9"})
    busy = LB.evolve(variables={**LB.variables, "fleetmend_services": {"haproxy": {}}})
    assert digest(WEB, LB) != digest(WEB, moved)
    assert digest(WEB, LB) == digest(WEB, busy)


def test_one_that_the_fleet_lacks_stops_the_run() -> None:
    plan = plan_on_web()
    given = {
        "id": "app-1",
        "incident_id": plan.incident_id,
        "plan_id": plan.id,
        "plan_hash": plan.hash,
        "answer": Answer.APPROVE,
        "by": "person:ada",
        "reasons": (),
        "at": NOW,
        "expires_at": NOW.replace(hour=23),
    }
    approval = Approval(**given)
    incident = make_incident(plan_id=plan.id)

    def start(*hosts: Host) -> None:
        fleet = make_fleet(*hosts)
        may_start(plan, plan.hash, [approval], incident, fleet, CATALOG, permitted=lambda _one: True, now=NOW)

    start(WEB, LB)
    with pytest.raises(Refused, match="acts on lb1 as well"):
        start(WEB)
