"""Tokens: each is a person's, and may do no more than the person, its limits and whoever made it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.people import Access, Act, Grant, Role
from store.tokens import Tokens
from tests.api_client import client_of
from tests.two_fleets import MINE, THEIRS, TwoFleets, two_fleets


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoFleets]:
    with two_fleets(tmp_path) as opened:
        yield opened


def made(two: TwoFleets, by: str, **wanted: Any) -> str:
    answer = two.ask(by, "POST", "/tokens", {"name": "new"} | wanted)
    assert answer.status_code == 201, answer.text
    two.tokens["new"] = answer.json()["token"]
    return two.tokens["new"]


def may(two: TwoFleets) -> Any:
    answer = two.ask("new", "GET", "/me")
    return answer.json()["may"] if answer.status_code == 200 else answer.status_code


def test_a_token_does_what_is_left_of_its_person(two: TwoFleets) -> None:
    made(two, "admin", person="approver", role="viewer", fleet=MINE)
    assert may(two) == {MINE: ["read"]}
    store = two.house.loop.context.store
    store.people.grant("approver", Grant(role=Role.ADMIN, fleet=THEIRS), "test")
    assert may(two) == {MINE: ["read"]}, "what the person is given later is beyond its limits"
    store.people.revoke("approver", MINE, "test")
    assert may(two) == {}
    assert two.ask("new", "GET", "/incidents").json() == []


def test_a_token_that_ran_out_is_refused_at_once(two: TwoFleets) -> None:
    secret = made(two, "viewer", expires="1h")
    tokens: Tokens = two.house.loop.context.store.tokens
    assert may(two) == {MINE: ["read"]}
    two.house.clock.advance(timedelta(minutes=59))
    assert tokens.owner(secret) is not None
    two.house.clock.advance(timedelta(minutes=1))
    assert (tokens.owner_lately(secret), tokens.owner(secret), may(two)) == (None, None, 401)


@pytest.mark.parametrize("change", ["revoke", "disable", "take the role"])
def test_what_was_known_of_a_token_is_forgotten_with_every_change(two: TwoFleets, change: str) -> None:
    secret, store = made(two, "viewer"), two.house.loop.context.store
    assert store.tokens.owner(secret) == store.tokens.owner_lately(secret) != None  # noqa: E711
    if change == "revoke":
        store.tokens.revoke("new", "test")
    elif change == "disable":
        store.people.switch("viewer", "test", enabled=False)
    else:
        store.people.revoke("viewer", MINE, "test")
    assert store.tokens.owner_lately(secret) is None
    left = Access(person="viewer", via="token:new") if change == "take the role" else None
    assert store.tokens.owner(secret) == left


def test_what_is_read_while_something_changes_is_not_remembered(
    two: TwoFleets, monkeypatch: pytest.MonkeyPatch
) -> None:
    import store.tokens as module

    secret, tokens = made(two, "viewer"), two.house.loop.context.store.tokens
    read = module.access_in

    def meanwhile(*arguments: Any) -> Access | None:
        found = read(*arguments)
        tokens.forget()
        return found

    monkeypatch.setattr(module, "access_in", meanwhile)
    assert tokens.owner(secret) is not None
    assert tokens.owner_lately(secret) is None


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("viewer", {"role": "operator"}, "viewer is not operator there"),
    ("viewer", {"role": "viewer", "fleet": "*"}, "viewer is not viewer there"),
    ("reporter", {"role": "viewer"}, "reporter is not viewer there"),
    ("approver", {"person": "viewer", "fleet": MINE}, "may not administer in the fleet demo"),
    ("local_admin", {"person": "viewer"}, "may not administer in every fleet"),
    ("local_admin", {"person": "yankee", "fleet": "*"}, "may not administer in every fleet"),
]


@pytest.mark.parametrize(("by", "wanted", "words"), REFUSED)
def test_nobody_makes_one_that_may_more_than_he(two: TwoFleets, by: str, wanted: dict[str, Any], words: str) -> None:
    answer = two.ask(by, "POST", "/tokens", {"name": "new"} | wanted)
    assert (answer.status_code, words in answer.json()["detail"]) == (403, True), answer.text


def test_a_fleet_that_one_may_not_read_is_no_fleet_for_a_token(two: TwoFleets) -> None:
    there = two.ask("local_admin", "POST", "/tokens", {"name": "new", "person": "yankee", "fleet": THEIRS})
    nowhere = two.ask("local_admin", "POST", "/tokens", {"name": "new", "person": "yankee", "fleet": "nowhere"})
    assert (there.status_code, there.json()["detail"]) == (404, nowhere.json()["detail"].replace("nowhere", THEIRS))


def test_an_admin_of_a_fleet_makes_them_for_others_there(two: TwoFleets) -> None:
    made(two, "local_admin", person="viewer", fleet=MINE)
    assert may(two) == {MINE: ["read"]}, "and they may do no more than their person"


@pytest.mark.parametrize("role", ["operator", "approver", "admin"])
def test_nobody_becomes_a_second_person_who_asks_or_decides(two: TwoFleets, role: str) -> None:
    answer = two.ask("admin", "POST", "/tokens", {"name": "new", "person": "viewer", "fleet": MINE, "role": role})
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("who asks or decides makes the token for it")


def test_a_limited_token_makes_none_beyond_its_limits(two: TwoFleets) -> None:
    made(two, "admin", role="operator", fleet=MINE, expires="1h")
    for wanted in ({"role": "admin"}, {"fleet": "*"}, {"expires": "2h"}, {"person": "viewer", "fleet": MINE}):
        answer = two.ask("new", "POST", "/tokens", {"name": "more"} | wanted)
        assert answer.status_code == 403, (wanted, answer.text)
    assert two.ask("new", "POST", "/tokens", {"name": "more"}).status_code == 201
    [more] = [one for one in two.ask("new", "GET", "/tokens").json() if one["name"] == "more"]
    assert (more["role"], more["fleet"]) == ("operator", MINE)
    two.house.clock.advance(timedelta(hours=1, seconds=1))
    assert may(two) == 401
    known = {one.name: one for one in two.house.loop.context.store.tokens.all()}
    assert known["more"].expires_at == known["new"].expires_at, "it does not outlive its maker"


def test_one_sees_and_ends_ones_own_and_those_that_one_administers(two: TwoFleets) -> None:
    def seen(person: str) -> set[str]:
        return {one["name"] for one in two.ask(person, "GET", "/tokens").json()}

    made(two, "admin", person="viewer", fleet=MINE)
    assert seen("viewer") == {"of-viewer", "new"}
    assert seen("local_admin") == {"of-local_admin", "new"}
    assert seen("yankee") == {"of-yankee"}
    assert len(seen("admin")) == len(two.tokens)
    assert seen("new") == {"new"}, "a limited token sees none that may more than it"
    assert two.ask("yankee", "DELETE", "/tokens/new").status_code == 404
    assert two.ask("new", "DELETE", "/tokens/of-viewer").status_code == 404
    assert two.ask("local_admin", "DELETE", "/tokens/new").status_code == 204
    assert may(two) == 401


@pytest.mark.parametrize("expires", ["0s", "59s", "4000d", "soon", 5])
def test_a_token_holds_for_a_while(two: TwoFleets, expires: object) -> None:
    answer = two.ask("admin", "POST", "/tokens", {"name": "new", "expires": expires})
    assert (answer.status_code, answer.json()["detail"].startswith("expires: ")) == (422, True)


def test_forged_tokens_are_nobodys(two: TwoFleets) -> None:
    secret = two.tokens["admin"]
    for forged in (secret[:-1], secret + "A", secret.swapcase(), "fm_" + "A" * 43, "of-admin", "admin", "%", "*"):
        with client_of(two.app, two.house, forged) as http:
            assert http.get("/api/v1/me").status_code == 401


def test_the_owner_of_the_state_makes_a_person_with_the_first_token(two: TwoFleets) -> None:
    from api.app import create_app

    with client_of(create_app(two.house.loop, person="root"), two.house) as http:
        monitor = {"name": "monitor", "role": "reporter", "fleet": MINE}
        token = http.post("/api/v1/tokens", json=monitor).json()["token"]
        assert http.get("/api/v1/me").json()["may"] == {"*": [str(act) for act in Act]}
    assert two.house.loop.context.store.people.get("monitor").grants == (Grant(role=Role.REPORTER, fleet=MINE),)
    with client_of(two.app, two.house, token) as http:
        assert http.get("/api/v1/me").json() == {
            "person": "monitor",
            "via": "token:monitor",
            "grants": [{"role": "reporter", "fleet": MINE}],
            "may": {MINE: ["report"]},
        }


def test_a_token_that_was_looked_up_a_moment_ago_is_not_looked_up_again(
    two: TwoFleets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.tokens._LATELY_SECONDS", 3600.0)
    tokens, asked = two.house.loop.context.store.tokens, []
    look_up = tokens.owner
    monkeypatch.setattr(tokens, "owner", lambda secret: asked.append(secret) or look_up(secret))
    for _ in range(5):
        assert two.ask("reporter", "GET", "/me").status_code == 200
    assert asked == [two.tokens["reporter"]]
    two.house.loop.context.store.people.switch("reporter", "test", enabled=False)
    assert two.ask("reporter", "GET", "/me").status_code == 401
