"""Nobody approves what they asked for as somebody else: whoever could have come in as both counts as both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from api.app import BASE, create_app
from core.detections import Signal
from core.people import Grant, Role
from core.states import State
from store.store import Store
from tests.api_client import DOWN, Borrowed
from tests.world import House, open_house

PASSWORD = "a few words in a row"


class Two(NamedTuple):
    """The API, and clients of people by name; `machine` is whoever owns the state folder."""

    house: House
    clients: dict[str, httpx.Client]

    @property
    def store(self) -> Store:
        return self.house.loop.context.store

    def add(self, name: str, role: Role | None = Role.ADMIN, token_role: Role = Role.ADMIN) -> None:
        """Somebody with a token of their own."""
        self.store.people.add(name, "test", () if role is None else (Grant(role=role),))
        self.use(name, self.store.tokens.make(f"of-{name}", "test", person=name, role=token_role))

    def use(self, name: str, token: str) -> None:
        """*token* is what *name* comes with from now on."""
        self.clients[name] = self._client(None, token)

    def _client(self, person: str | None, token: str = "") -> httpx.Client:
        app = create_app(self.house.loop, person=person)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = Borrowed(app, self.house.loop)
        return httpx.Client(transport=transport, base_url="http://fleetmend", headers=headers)

    def ask(self, who: str, method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        """What *who* is answered."""
        if who == "machine" and who not in self.clients:
            self.clients[who] = self._client("root")
        answer = self.clients[who].request(method, BASE + path, json=body)
        assert status is None or answer.status_code == status, answer.text
        return answer

    def report(self, who: str) -> str:
        """*who* reports that a service is down; the incident waits for people then."""
        self.house.world.broken.add(Signal(DOWN["host"], DOWN["symptom"], DOWN["subject"]))
        [accepted] = self.ask(who, "POST", "/detections", DOWN, 201).json()["accepted"]
        return self.waits(accepted["incident"])

    def request(self, who: str) -> str:
        """*who* asks for a restart; the incident waits for people then."""
        wanted = {"fleet": "demo", "host": "h1", "remedy": "restart", "parameters": {"service": "web"}}
        return self.waits(self.ask(who, "POST", "/requests", wanted, 201).json()["id"])

    def waits(self, incident: str) -> str:
        self.house.loop.engine.advance(incident)
        assert self.house.incident(incident).state is State.AWAITING_APPROVAL
        return incident

    def approve(self, who: str, incident: str) -> int:
        return int(self.ask(who, "POST", f"/incidents/{incident}/approve").status_code)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    with open_house(tmp_path, mode="approve") as house:
        opened = Two(house, {})
        for name in ("ann", "bob", "carol"):
            opened.add(name)
        opened.add("monitor", Role.REPORTER, Role.REPORTER)
        yield opened


def reports_as_ann(two: Two) -> str:
    return two.report("ann")


def reports_by_a_narrower_token_of_hers(two: Two) -> str:
    two.use("ann's monitor", two.ask("ann", "POST", "/tokens", {"name": "m", "role": "reporter"}, 201).json()["token"])
    return two.report("ann's monitor")


def reports_what_a_sweep_has_seen(two: Two) -> str:
    incident = two.house.report()
    two.waits(incident.id)
    two.ask("ann", "POST", "/detections", DOWN, 201)
    return incident.id


def reports_by_a_token_that_she_made_for_a_monitor(two: Two) -> str:
    wanted = {"name": "m", "person": "monitor", "role": "reporter"}
    two.use("monitor", two.ask("ann", "POST", "/tokens", wanted, 201).json()["token"])
    return two.report("monitor")


def reports_and_then_ends_that_token(two: Two) -> str:
    incident = reports_by_a_token_that_she_made_for_a_monitor(two)
    two.ask("ann", "DELETE", "/tokens/m", status=204)
    return incident


def asks_as_bob_by_a_password_that_she_set(two: Two) -> str:
    two.ask("ann", "PUT", "/people/bob/password", {"password": PASSWORD}, 204)
    return two.request("bob")  # by a session, or by a token that was made in one


def has_bob_change_that_password(two: Two) -> str:
    two.ask("ann", "PUT", "/people/bob/password", {"password": PASSWORD}, 204)
    changed = {"password": PASSWORD + " more", "current": PASSWORD}
    two.ask("bob", "PUT", "/people/bob/password", changed, 204)
    return two.request("bob")


def has_bob_the_admin_set_his_own(two: Two) -> str:
    two.ask("ann", "PUT", "/people/bob/password", {"password": PASSWORD}, 204)
    two.ask("bob", "PUT", "/people/bob/password", {"password": PASSWORD + " more"}, 204)
    return two.request("bob")


def asks_as_bob_by_a_slack_user_whom_she_linked(two: Two) -> str:
    two.ask("ann", "PUT", "/people/bob/slack", {"user_id": "U012AB3CD"}, 200)
    return two.request("bob")


def unlinks_the_slack_user_before_she_approves(two: Two) -> str:
    incident = asks_as_bob_by_a_slack_user_whom_she_linked(two)
    two.ask("ann", "DELETE", "/people/bob/slack", status=200)
    return incident


def is_bob_who_is_somebody_else(two: Two) -> str:
    two.store.people.add("dave", "test", (Grant(role=Role.OPERATOR),))
    two.ask("ann", "PUT", "/people/bob/password", {"password": PASSWORD}, 204)
    two.ask("bob", "PUT", "/people/dave/password", {"password": PASSWORD}, 204)
    two.use("dave", two.store.tokens.make("of-dave", "test", person="dave"))
    return two.request("dave")


def changes_and_has_somebody_change_it_again(two: Two) -> str:
    incident = two.report("monitor")
    for who, service in (("ann", "db"), ("bob", "web"), ("ann", "db")):
        two.ask(who, "POST", f"/incidents/{incident}/change", {"parameters": {"service": service}}, 201)
        two.waits(incident)
    two.ask("bob", "POST", f"/incidents/{incident}/change", {"parameters": {"service": "web"}}, 201)
    return two.waits(incident)


WAYS: tuple[Callable[[Two], str], ...] = (
    reports_as_ann,
    reports_by_a_narrower_token_of_hers,
    reports_what_a_sweep_has_seen,
    reports_by_a_token_that_she_made_for_a_monitor,
    reports_and_then_ends_that_token,
    asks_as_bob_by_a_password_that_she_set,
    has_bob_change_that_password,
    has_bob_the_admin_set_his_own,
    asks_as_bob_by_a_slack_user_whom_she_linked,
    unlinks_the_slack_user_before_she_approves,
    is_bob_who_is_somebody_else,
    changes_and_has_somebody_change_it_again,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_ann_does_not_approve_what_she(two: Two, way: Callable[[Two], str]) -> None:
    incident = way(two)
    assert two.approve("ann", incident) == 403
    assert two.house.incident(incident).state is State.AWAITING_APPROVAL
    shown = two.ask("carol", "GET", f"/incidents/{incident}/policy", status=200).json()
    assert "person:ann" in shown["may_not_approve"]
    assert "person:carol" not in shown["may_not_approve"]
    assert two.approve("carol", incident) == 200
    assert two.house.incident(incident).state is State.APPROVED


def test_a_yes_is_worth_nothing_any_more_once_its_giver_has_reported_it(two: Two) -> None:
    incident = two.report("monitor")
    assert two.approve("ann", incident) == 200
    two.ask("ann", "POST", "/detections", DOWN, 201)
    two.house.loop.engine.advance(incident)
    assert two.house.world.executed == []


def test_two_who_may_be_one_are_one_voice(tmp_path: Path) -> None:
    with open_house(tmp_path, mode="approve", policy={"approve": {"approvers": 2}}) as house:
        two = Two(house, {})
        for name in ("ann", "bob", "carol"):
            two.add(name)
        two.add("monitor", Role.REPORTER, Role.REPORTER)
        two.ask("ann", "PUT", "/people/bob/password", {"password": PASSWORD}, 204)
        incident = two.report("monitor")
        assert two.approve("ann", incident) == 200
        assert two.approve("bob", incident) == 200
        assert house.incident(incident).state is State.AWAITING_APPROVAL
        assert two.approve("carol", incident) == 200
        assert house.incident(incident).state is State.APPROVED


def test_what_is_given_on_the_machine_binds_nobody(two: Two) -> None:
    two.ask("ann", "PUT", "/people/bob/password", {"password": PASSWORD}, 204)
    two.house.clock.advance(timedelta(minutes=1))
    two.ask("machine", "PUT", "/people/bob/password", {"password": PASSWORD}, 204)
    two.ask("machine", "PUT", "/people/bob/slack", {"user_id": "U012AB3CD"}, 200)
    two.house.clock.advance(timedelta(minutes=1))
    assert two.approve("ann", two.request("bob")) == 200


def test_a_link_to_slack_is_ones_own_once_one_confirms_it(two: Two) -> None:
    two.ask("ann", "PUT", "/people/bob/slack", {"user_id": "U012AB3CD"}, 200)
    two.store.people.revoke("bob", "*", "test")
    two.store.people.grant("bob", Grant(role=Role.OPERATOR), "test")
    two.ask("bob", "PUT", "/people/bob/slack", {"user_id": "U999ZZ9ZZ"}, 403)
    two.house.clock.advance(timedelta(minutes=1))
    two.ask("bob", "PUT", "/people/bob/slack", {"user_id": "U012AB3CD"}, 200)
    two.house.clock.advance(timedelta(minutes=1))
    assert two.approve("ann", two.request("bob")) == 200


def test_who_has_a_password_of_somebody_else_confirms_nothing(two: Two) -> None:
    two.ask("ann", "PUT", "/people/bob/password", {"password": PASSWORD}, 204)
    two.ask("ann", "PUT", "/people/bob/slack", {"user_id": "U012AB3CD"}, 200)
    two.ask("bob", "PUT", "/people/bob/slack", {"user_id": "U012AB3CD"}, 403)


def test_who_reported_is_remembered_when_detections_are_pruned(two: Two) -> None:
    two.report("ann")
    two.house.clock.advance(timedelta(minutes=5))
    two.ask("monitor", "POST", "/detections", DOWN, 201)
    two.house.clock.advance(timedelta(minutes=5))
    assert two.store.retention.prune_detections(timedelta(seconds=1)) == 0
