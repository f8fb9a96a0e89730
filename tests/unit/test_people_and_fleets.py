"""Who may do what in which fleet, over the API: what one may not read is not there, and acts need their role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.app import BASE
from core.people import Grant, Role
from tests.two_fleets import MINE, ONLY_THEIRS, PEOPLE, THEIRS, TwoFleets, two_fleets

ORDER = ("reporter", "viewer", "operator", "approver", "local_admin")
REASON = {"reason": "because"}


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoFleets]:
    with two_fleets(tmp_path) as opened:
        yield opened


def detection(fleet: str, host: str) -> dict[str, str]:
    return {"fleet": fleet, "host": host, "symptom": "service_down", "subject": "web"}


READS = [
    "/incidents/{incident_id}",
    "/incidents/{incident_id}/preview",
    "/plans/{plan_id}",
    "/plans/{plan_id}/approvals",
    "/runs/{run_id}",
    "/runs/{run_id}/events",
    "/fleets/{fleet}",
    "/fleets/{fleet}/check",
]
ACTS: list[tuple[str, str, str, Any]] = [
    ("operator", "POST", "/requests", {"fleet": "{fleet}", "host": "{host}", "remedy": "restart"}),
    ("operator", "PUT", "/pauses/{fleet}", REASON),
    ("operator", "DELETE", "/pauses/{fleet}", None),
    ("operator", "POST", "/runs/{run_id}/cancel", None),
    ("operator", "POST", "/incidents/{healed}/close", REASON),
    ("approver", "POST", "/incidents/{incident_id}/approve", None),
    ("approver", "POST", "/incidents/{incident_id}/reject", REASON),
    ("local_admin", "PUT", "/people/viewer/grants/{fleet}", {"role": "viewer"}),
    ("local_admin", "DELETE", "/people/operator/grants/{fleet}", None),
]
"""The least role that may, and what it does."""


def filled(two: TwoFleets, fleet: str, text: Any) -> Any:
    if isinstance(text, dict):
        return {key: filled(two, fleet, value) for key, value in text.items()}
    host = {MINE: "h1", THEIRS: "zulu1"}[fleet]
    return text.format(**two.ids[fleet], fleet=fleet, host=host) if isinstance(text, str) else text


@pytest.mark.parametrize("path", READS)
def test_what_one_may_not_read_is_not_there(two: TwoFleets, path: str) -> None:
    for person in ("reporter", *ORDER[1:], "yankee"):
        for fleet in (MINE, THEIRS):
            answer = two.ask(person, "GET", filled(two, fleet, path))
            may = fleet == (THEIRS if person == "yankee" else MINE) and person != "reporter"
            assert answer.status_code == (200 if may else 404), (person, fleet, answer.text)
    missing = {"incident_id": "inc-none", "run_id": "run-none", "plan_id": "pln-none"}
    theirs = two.ask("viewer", "GET", filled(two, THEIRS, path)).json()
    none = two.ask("viewer", "GET", path.format(**missing, fleet="nothing")).json()
    hidden = {**two.ids[THEIRS], "fleet": THEIRS}
    shown = theirs["detail"]
    for name, value in {**missing, "fleet": "nothing"}.items():
        shown = shown.replace(hidden[name], value)
    assert (theirs["status"], shown) == (none["status"], none["detail"]), "nobody can tell it from what is not there"


def test_an_id_that_is_cut_off_finds_only_what_one_may_read(two: TwoFleets) -> None:
    for name, path in (("incident_id", "/incidents/"), ("run_id", "/runs/")):
        cut = two.ids[THEIRS][name][-6:]
        assert two.ask("admin", "GET", path + cut).status_code == 200
        assert two.ask("viewer", "GET", path + cut).status_code == 404


@pytest.mark.parametrize(("least", "method", "path", "body"), ACTS, ids=[" ".join(one[1:3]) for one in ACTS])
def test_acts_need_their_role_there(two: TwoFleets, least: str, method: str, path: str, body: Any) -> None:
    there = (filled(two, THEIRS, path), filled(two, THEIRS, body))
    for person in ORDER:
        answer = two.ask(person, method, *there)
        assert answer.status_code == 404, (person, answer.text)
        assert [word for word in ONLY_THEIRS if word in answer.text and word not in str(there)] == []
    here = (filled(two, MINE, path), filled(two, MINE, body))
    for person in ORDER[: ORDER.index(least)]:
        answer = two.ask(person, method, *here)
        assert answer.status_code == (404 if person == "reporter" else 403), (person, answer.text)
    assert two.ask(least, method, *here).status_code in {200, 201, 204, 409}


def test_whoever_reports_reports_there_alone(two: TwoFleets) -> None:
    for person in ("reporter", "operator", "approver", "local_admin"):
        assert two.ask(person, "POST", "/detections", detection(MINE, "h2")).status_code == 201
        theirs = two.ask(person, "POST", "/detections", detection(THEIRS, "zulu1"))
        nowhere = two.ask(person, "POST", "/detections", detection("nowhere", "zulu1"))
        assert (theirs.status_code, nowhere.status_code) == (422, 422)
        assert theirs.json()["detail"] == nowhere.json()["detail"].replace("nowhere", THEIRS)
        mixed = two.ask(person, "POST", "/detections", [detection(MINE, "h2"), detection(THEIRS, "zulu1")])
        assert (mixed.status_code, "2 of 2" in mixed.json()["detail"]) == (422, True)
    assert two.ask("viewer", "POST", "/detections", detection(MINE, "h2")).status_code == 422


def test_a_role_in_a_fleet_that_is_gone_names_no_other(two: TwoFleets) -> None:
    store = two.house.loop.context.store
    store.people.grant("viewer", Grant(role=Role.ADMIN, fleet="vault8"), "test")
    for answer in (
        two.ask("viewer", "GET", "/fleets/vault8"),
        two.ask("viewer", "POST", "/detections", detection("vault8", "x")),
        two.ask("viewer", "POST", "/tokens", {"name": "x", "fleet": "vault8"}),
    ):
        assert answer.status_code in {404, 422}
        assert THEIRS not in answer.text


LISTS = ("/incidents", "/runs", "/outcomes", "/lessons", "/journal", "/fleets", "/pauses", "/people", "/tokens", "/me")


@pytest.mark.parametrize("path", LISTS)
def test_lists_hold_nothing_of_a_fleet_that_one_may_not_read(two: TwoFleets, path: str) -> None:
    for person in ORDER:
        answer = two.ask(person, "GET", path)
        assert [word for word in ONLY_THEIRS if word in answer.text] == [], (person, answer.text)
    assert THEIRS in two.ask("admin", "GET", path).text or path in {"/me", "/tokens"}


def test_a_limit_counts_what_is_shown(two: TwoFleets) -> None:
    for path in ("/incidents", "/runs", "/outcomes", "/journal"):
        [newest] = two.ask("viewer", "GET", path, limit=1).json()
        assert newest["id" if path != "/journal" else "incident_id"], path
    behind = two.ask("viewer", "GET", "/journal", after=0, limit=3).json()
    assert {one["incident_id"] for one in behind} == {two.ids[MINE]["healed"]}


@pytest.mark.parametrize("path", ["/agents", "/journal/verify", "metrics"])
def test_what_tells_of_every_fleet_is_for_who_may_read_every_one(two: TwoFleets, path: str) -> None:
    for person in PEOPLE:
        with two.client(person) as http:
            status = http.get("/metrics" if path == "metrics" else BASE + path).status_code
        assert status == (200 if person == "admin" else 403), person


@pytest.mark.parametrize("path", ["/catalog", "/catalog/restart", "/symptoms", "/pauses"])
def test_what_is_of_no_fleet_is_for_all_but_reporters(two: TwoFleets, path: str) -> None:
    for person in PEOPLE:
        assert two.ask(person, "GET", path).status_code == (403 if person == "reporter" else 200), person


def test_a_pause_of_everything_is_shown_to_all_whom_it_stops(two: TwoFleets) -> None:
    assert two.ask("operator", "PUT", "/pauses/*", REASON).status_code == 403
    assert two.ask("admin", "PUT", "/pauses/*", REASON).status_code == 200
    assert [one["scope"] for one in two.ask("viewer", "GET", "/pauses").json()] == ["*", MINE]


def test_an_admin_of_a_fleet_grants_there_and_nothing_beyond(two: TwoFleets) -> None:
    def ask(method: str, path: str, body: Any = None) -> int:
        return two.ask("local_admin", method, path, body).status_code

    assert ask("POST", "/people", {"name": "eve", "grants": [{"role": "approver", "fleet": MINE}]}) == 201
    for fleet in ("*", THEIRS):
        assert ask("POST", "/people", {"name": f"x{len(fleet)}", "grants": [{"role": "viewer", "fleet": fleet}]}) == 403
        assert ask("PUT", f"/people/eve/grants/{fleet}", {"role": "viewer"}) in {403, 404}
    assert ask("PUT", "/people/local_admin/grants/*", {"role": "admin"}) == 403
    for path, body in (("password", {"password": "a few words in a row"}), ("slack", {"user_id": "U012AB3CD"})):
        assert ask("PUT", f"/people/admin/{path}", body) == 403, "else he could come in as the admin of every fleet"
        assert ask("PUT", f"/people/eve/{path}", body) == 403
    assert (ask("POST", "/people/eve/disable"), ask("DELETE", "/people/eve/slack")) == (403, 403)
    shown = {one["name"]: one["grants"] for one in two.ask("local_admin", "GET", "/people").json()}
    assert "yankee" not in shown
    assert shown["eve"] == [{"role": "approver", "fleet": MINE}]


def test_nobody_is_called_as_somebody_was(two: TwoFleets) -> None:
    assert two.ask("admin", "POST", "/people", {"name": "eve"}).status_code == 201
    assert two.ask("admin", "POST", "/people/eve/disable").status_code == 200
    for name in ("eve", "Eve"):
        assert two.ask("admin", "POST", "/people", {"name": name}).status_code == 409
    routes = {path for path in two.app.openapi()["paths"] if path.endswith("{person_name}")}
    assert routes == set(), "nothing deletes or renames a person"


def test_a_disabled_person_is_out_whichever_way(two: TwoFleets) -> None:
    store = two.house.loop.context.store
    store.people.link("approver", "slack", "U012AB3CD", "test")
    secret = store.sessions.open("approver", "password", "192.0.2.1")
    assert store.people.access_of_slack("U012AB3CD") == store.people.access("approver", "slack:U012AB3CD")
    assert store.people.access_of_slack("U0NOBODY") is None
    assert two.ask("approver", "GET", "/me").status_code == 200
    assert two.ask("admin", "POST", "/people/approver/disable").json()["disabled_at"] is not None
    assert two.ask("approver", "GET", "/me").status_code == 401
    found = (store.people.access("approver"), store.people.access_of_slack("U012AB3CD"), store.sessions.of(secret))
    assert found == (None, None, None)
    two.ask("admin", "POST", "/people/approver/enable")
    assert two.ask("approver", "GET", "/me").json()["may"] == {MINE: ["read", "report", "operate", "decide"]}
    assert store.sessions.of(secret) is None, "a session that was ended stays so"


def test_what_people_are_given_is_journalled_without_secrets(two: TwoFleets) -> None:
    store = two.house.loop.context.store
    two.ask("admin", "POST", "/people", {"name": "eve", "grants": [{"role": "viewer", "fleet": MINE}]})
    two.ask("admin", "PUT", "/people/eve/grants/*", {"role": "operator"})
    two.ask("admin", "DELETE", "/people/eve/grants/*")
    two.ask("admin", "PUT", "/people/eve/slack", {"user_id": "U012AB3CD"})
    two.ask("admin", "DELETE", "/people/eve/slack")
    two.ask("admin", "PUT", "/people/eve/password", {"password": "a few words in a row"})
    two.ask("admin", "POST", "/people/eve/disable")
    two.ask("admin", "POST", "/people/eve/enable")
    entries = [one for one in store.journal.entries() if one.body.get("person") == "eve"]
    assert [one.kind for one in entries] == [
        "person.added",
        "role.granted",
        "role.granted",
        "role.revoked",
        "identity.linked",
        "identity.unlinked",
        "password.set",
        "person.disabled",
        "person.enabled",
    ]
    assert {one.actor for one in entries} == {"person:admin"}
    assert "a few words" not in str(entries)
    assert store.proof().violation is None
