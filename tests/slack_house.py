"""A house whose people are asked in a Slack of the tests' own (`tests/slack_server.py`), and who answer there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api.app import BASE, create_app
from core.fleets import Host
from core.incidents import Incident
from core.people import Grant, Role
from core.states import State
from tests.api_client import client_of
from tests.slack_server import SECRET, TOKEN, Json, SlackServer, click, command, signed, slack_server, submit
from tests.world import House, World, open_house

PUBLIC = "https://fleetmend.example.com"
UADA, UBOB, UVIC, UOLA, UEVE, USTRANGER = "UADA", "UBOB", "UVIC", "UOLA", "UEVE", "USTRANGER"
PEOPLE = {
    UADA: ("ada", Grant(role=Role.APPROVER, fleet="demo")),
    UBOB: ("bob", Grant(role=Role.APPROVER)),
    UVIC: ("vic", Grant(role=Role.VIEWER)),
    UOLA: ("ola", Grant(role=Role.OPERATOR)),
    UEVE: ("eve", Grant(role=Role.APPROVER, fleet="elsewhere")),
}
"""Slack user -> name and role. Nobody in fleetmend is the stranger."""
ASKING = {"mode": "approve", "policy": {"approve": {"expires": "30m", "remind": "10m", "widen": "20m"}}}


@dataclass
class SlackHouse:
    """A house, its Slack, and an API that Slack's callbacks reach."""

    house: House
    slack: SlackServer
    http: httpx.Client

    def tell(self) -> int:
        """The messenger's round."""
        return self.house.loop.messenger.look()

    def asked(self, **changes: Any) -> tuple[Incident, Json]:
        """Something breaks, people are asked: the incident and its message."""
        incident = self.house.report(**changes)
        return self.ask_about(incident.id)

    def ask_about(self, incident_id: str) -> tuple[Incident, Json]:
        """An incident that is there is planned, and people are asked: it and its message."""
        self.house.loop.engine.advance(incident_id)
        self.tell()
        [told] = self.house.loop.context.store.messages.of(incident_id)
        return self.house.incident(incident_id), self.slack.messages[str(told.place), str(told.ts)]

    def send(self, body: str, path: str = "actions", headers: dict[str, str] | None = None) -> httpx.Response:
        """A callback, signed now unless *headers* say otherwise."""
        headers = signed(body, self.house.clock.now().timestamp()) if headers is None else headers
        return self.http.post(f"{BASE}/slack/{path}", content=body, headers=headers)

    def press(self, message: Json, action: str, user: str, **changes: Any) -> httpx.Response:
        """*user* presses a button."""
        return self.send(click(self.slack, message, action, user, **changes))

    def fill(self, user: str, **filled: Any) -> httpx.Response:
        """*user* submits the modal that was opened last."""
        return self.send(submit(self.slack.views[-1]["view"], user, **filled))

    def type(self, text: str, user: str) -> Json:
        """*user* types a slash command: what he is told."""
        assert self.send(command(self.slack, text, user), "commands").status_code == 200
        return self.slack.whispers[-1]

    def state(self, incident: Incident) -> State:
        return self.house.incident(incident.id).state

    def told_privately(self) -> list[str]:
        """What people were told that nobody else saw."""
        return [str(one["blocks"][0]["text"]["text"]) for one in self.slack.whispers]

    def refusals(self) -> list[tuple[str, str]]:
        """(who, why) of what the journal keeps of refused acts."""
        entries = self.house.loop.context.store.journal.entries()
        return [(one.actor, one.body["reason"]) for one in entries if one.kind == "request.refused"]


@contextmanager
def open_slack(
    folder: Path,
    *,
    world: World | None = None,
    settings: dict[str, Any] | None = None,
    cards: dict[str, Any] | None = None,
    hosts: Sequence[Host] = (),
    **file: Any,
) -> Iterator[SlackHouse]:
    """A house that asks in `#ops`, with the people above."""
    file = ASKING | {"notify": {"slack": "#ops", "next": "#next"}} | file
    with slack_server() as server:
        ours = {
            "slack_token": TOKEN,
            "slack_signing_secret": SECRET,
            "slack_url": server.url,
            "public_url": PUBLIC,
        }
        with open_house(
            folder, world=world, settings=ours | (settings or {}), cards=cards or {}, hosts=hosts, **file
        ) as house:
            people = house.loop.context.store.people
            for user, (name, grant) in PEOPLE.items():
                people.add(name, "test", [grant])
                people.link(name, "slack", user, "test")
            with client_of(create_app(house.loop), house) as http:
                yield SlackHouse(house, server, http)
