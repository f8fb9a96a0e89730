"""Alerts for tests: deliveries as their sources send them, and a house that has sources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from api.app import BASE, create_app
from core.fleets import Host
from core.incidents import Incident
from tests.api_client import client_of
from tests.world import AUTO, House, open_house

TOKEN = "a-secret-of-alertmanager"
KUMA = "a-secret-of-uptime-kuma"
HOSTS = tuple(
    Host(
        name=name,
        groups=("all", "web") if name != "h3" else ("all",),
        variables={
            "fleetmend_services": {"web": {"unit": "web.service"}, "db": {}},
            "ansible_host": address,
            "fleetmend_http": {"shop": {"url": f"http://{name}/health", "service": "web"}},
        },
    )
    for name, address in (("h1", "192.0.2.11"), ("h2", "192.0.2.12"), ("h3", "192.0.2.13"))
)


def alert(name: str = "HostOutOfMemory", *, host: str = "h1", status: str = "firing", **more: Any) -> dict[str, Any]:
    """One alert of Alertmanager's."""
    labels = {"alertname": name, "instance": f"{host}:9100", "severity": "critical"} | more.pop("labels", {})
    whole = {"status": status, "labels": labels, "annotations": {"summary": f"{name} at {host}"}}
    return whole | {"startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z"} | more


def group(*alerts: Any, **more: Any) -> dict[str, Any]:
    """A delivery of Alertmanager's."""
    return {"version": "4", "status": "firing", "groupKey": "g", "truncatedAlerts": 0, "alerts": list(alerts)} | more


class Door:
    """Sends deliveries to the API of a house."""

    def __init__(self, house: House, http: httpx.Client) -> None:
        self.house, self.http = house, http

    def send(self, body: Any, source: str = "alertmanager", status: int = 200, **headers: str) -> Any:
        """The decoded answer. *body* is JSON, or bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = headers or {"Authorization": f"Bearer {TOKEN}"}
        answer = self.http.post(f"{BASE}/hooks/{source}", content=content, headers=given)
        assert answer.status_code == status, answer.text
        return answer.json()

    def incidents(self, **wanted: Any) -> list[Incident]:
        """Every incident, or those of a state."""
        return self.house.loop.context.store.incidents.newest(**wanted)

    def incident(self) -> Incident:
        """The only one."""
        [one] = self.incidents()
        return one

    def holds_together(self) -> None:
        """The journal and the tables prove what they must."""
        proof = self.house.loop.context.store.proof()
        assert proof.violation is None, proof.violation


@contextmanager
def open_door(
    folder: Path, sources: dict[str, Any] | None = None, *, hosts: tuple[Host, ...] = HOSTS, **file: Any
) -> Iterator[Door]:
    """A house with Alertmanager's token set, and *sources* beside its fleet."""
    with open_house(folder, settings={"alertmanager_token": TOKEN}, hosts=hosts, **(file or AUTO)) as house:
        if sources is not None:
            (house.content / "inventory" / "sources.yml").write_text(yaml.safe_dump(sources))
        with client_of(create_app(house.loop), house) as http:
            yield Door(house, http)
