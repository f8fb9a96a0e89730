"""An API over two fleets, with people of every role, and with things of either fleet that the other must not see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from api.app import BASE, create_app
from core.approvals import Foreseen
from core.detections import Signal
from core.fleets import Fleet, Host
from core.people import Grant, Role
from core.runs import HostDiff, Preview, RunResult, RunStatus
from core.samples import Reading
from core.states import State
from tests.api_client import Borrowed, client_of
from tests.world import House, open_house

MINE, THEIRS = "demo", "vault9"
"""The fleet that a person of one fleet may read, and the one that he must not know of."""
SERVICE = "ledgerd"
VAULT = "vaulted-value-hunter2hunter2"
SLACK = "xoxb-000000000000-vaulted0vaulted0"
PASSWORD = "correct horse battery"
THEIR_HOSTS = tuple(
    Host(
        name=name,
        groups=("all",),
        variables={
            "fleetmend_services": {SERVICE: {}},
            "db_password": VAULT,
            "slack_token": SLACK,
            "ansible_host": name,
        },
    )
    for name in ("zulu1", "zulu2")
)
ONLY_THEIRS = (THEIRS, "zulu1", "zulu2", SERVICE, "merger of the two banks", "yankee")
"""What nobody may hear of who may not read their fleet: its name, hosts, subjects, reasons, people."""

PEOPLE: dict[str, tuple[Grant, ...]] = {
    "reporter": (Grant(role=Role.REPORTER, fleet=MINE),),
    "viewer": (Grant(role=Role.VIEWER, fleet=MINE),),
    "operator": (Grant(role=Role.OPERATOR, fleet=MINE),),
    "approver": (Grant(role=Role.APPROVER, fleet=MINE),),
    "local_admin": (Grant(role=Role.ADMIN, fleet=MINE),),
    "admin": (Grant(role=Role.ADMIN),),
    "yankee": (Grant(role=Role.APPROVER, fleet=THEIRS),),
}
"""Somebody of every role in one fleet, an admin of both, and somebody of the other fleet."""


class Answering:
    """A prober whose hosts answer as root."""

    def probe(self, fleet: Fleet, programs: Mapping[str, str]) -> Mapping[str, Reading]:
        return {name: Reading(host=name, reachable=True, output="uid=0\npython=3.11\n") for name in programs}


@dataclass
class TwoFleets:
    """The API, a token for each of `PEOPLE`, and ids of things by fleet and kind."""

    house: House
    app: FastAPI
    tokens: dict[str, str]
    ids: dict[str, dict[str, str]] = field(default_factory=dict)

    def client(self, person: str | None) -> httpx.Client:
        """A client with the token of *person*, or with none."""
        return client_of(self.app, self.house, None if person is None else self.tokens[person])

    def ask(self, person: str | None, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        """The answer to *person* at *path* below `/api/v1`."""
        with self.client(person) as http:
            return http.request(method, BASE + path, json=body, params=query)


@contextmanager
def two_fleets(folder: Path, **settings: Any) -> Iterator[TwoFleets]:
    """An API over both fleets. In either, one incident waits for approval, one was healed, and a pause is in force."""
    file = {"mode": "approve", "policy": {"approve": {"risk": "medium"}}, "cooldown": "0s"}
    with open_house(folder, more_fleets={THEIRS: THEIR_HOSTS}, settings=settings, **file) as house:
        house.loop = replace(house.loop, context=replace(house.loop.context, prober=Answering()))
        store = house.loop.context.store
        for name, grants in PEOPLE.items():
            store.people.add(name, "test", grants)
        found = TwoFleets(house, create_app(house.loop), {})
        found.tokens = {name: store.tokens.make(f"of-{name}", "test", person=name) for name in PEOPLE}
        _fill(found, MINE, "h1", "web", "approver", "moving racks")
        _fill(found, THEIRS, "zulu1", SERVICE, "yankee", "merger of the two banks")
        yield found


def _fill(two: TwoFleets, fleet: str, host: str, service: str, person: str, reason: str) -> None:
    healed = _report(two, fleet, host, service)
    assert two.ask("admin", "POST", f"/incidents/{healed}/approve", {"reason": reason}).status_code == 200
    two.house.settle_down()
    two.house.clock.advance(timedelta(minutes=1))
    waiting = _report(two, fleet, host, service)
    store = two.house.loop.context.store
    incident = store.incidents.get(waiting)
    assert incident.plan_id is not None
    diff = HostDiff(host=host, diff=f"--- before\n+++ after\n-{reason}\n+ok\n", unforeseen=("Restart it",))
    preview = Preview(result=RunResult(status=RunStatus.SUCCESSFUL), hosts=(diff,))
    with store.write() as tx:
        foreseen = Foreseen(plan_id=incident.plan_id, at=two.house.clock.now(), previews=(preview,), digest="d")
        store.foreseen.put(tx, waiting, foreseen)
    assert two.ask(person, "PUT", f"/pauses/{fleet}", {"reason": reason}).status_code == 200
    assert (healed != waiting, store.incidents.get(healed).state) == (True, State.RESOLVED)
    [run] = store.runs.newest(incident_id=healed)
    two.ids[fleet] = {"incident_id": waiting, "healed": healed, "run_id": run.id, "plan_id": incident.plan_id}


def _report(two: TwoFleets, fleet: str, host: str, service: str) -> str:
    said = {"fleet": fleet, "host": host, "symptom": "service_down", "subject": service, "service": service}
    two.house.world.broken.add(Signal(host, "service_down", service))
    # Somebody else reports it: who reported does not approve.
    transport = Borrowed(create_app(two.house.loop, person="monitor"), two.house.loop)
    with httpx.Client(transport=transport, base_url="http://fleetmend") as monitor:
        answer = monitor.post(BASE + "/detections", json=said)
    assert answer.status_code == 201, answer.text
    [accepted] = answer.json()["accepted"]
    two.house.loop.engine.advance(accepted["incident"])
    return str(accepted["incident"])
