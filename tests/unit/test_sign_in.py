"""Signing in and out: cookies, forgery, lockout and its end, and what a session is good for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from api.app import BASE, create_app
from api.sign_in import MOST_OF_ACCOUNT, MOST_OF_ACCOUNT_HERE, MOST_OF_ADDRESS, WRONG
from core.errors import BadInput
from store.attempts import WINDOW
from store.sessions import IDLE, LASTS
from tests.browsing import Browser
from tests.engines import rows_of
from tests.two_fleets import MINE, PASSWORD, TwoFleets, two_fleets

ME = f"{BASE}/me"


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoFleets]:
    with two_fleets(tmp_path) as opened:
        opened.house.loop.context.store.passwords.set("approver", PASSWORD, "test")
        yield opened


def browser(two: TwoFleets, url: str = "http://fleetmend", address: str = "192.0.2.1") -> Browser:
    return Browser(two.app, two.house, url, address)


def signed_in(two: TwoFleets) -> Browser:
    one = browser(two)
    assert one.sign_in("approver", PASSWORD).status_code == 303
    return one


def kinds(two: TwoFleets) -> list[str]:
    return [one.kind for one in two.house.loop.context.store.journal.entries()]


def test_a_page_is_reached_by_signing_in(two: TwoFleets) -> None:
    one, page = browser(two), f"/incidents/{two.ids[MINE]['incident_id']}"
    sent_to = one.http.get(page)
    assert (sent_to.status_code, sent_to.headers["location"]) == (303, f"/sign-in?next={page}")
    answer = one.sign_in("approver", PASSWORD, page)
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    assert "Your decision" in one.see(page)
    assert one.http.get(ME).json()["via"] == "session"


@pytest.mark.parametrize(
    ("url", "public", "name", "more"),
    [
        ("http://fleetmend", None, "fleetmend", ""),
        ("https://fleetmend", None, "__Host-fleetmend", "; Secure"),
        ("http://fleetmend", "https://mend.example.com", "__Host-fleetmend", "; Secure"),
    ],
)
def test_the_cookie_is_kept_well(tmp_path: Path, url: str, public: str | None, name: str, more: str) -> None:
    with two_fleets(tmp_path, public_url=public) as two:
        two.house.loop.context.store.passwords.set("approver", PASSWORD, "test")
        one = browser(two, url)
        form = one.http.get("/sign-in")
        assert form.headers["set-cookie"].startswith(f"{name}-form=")
        assert "HttpOnly; Max-Age=3600; Path=/; SameSite=strict" + more in form.headers["set-cookie"]
        secret = form.cookies[f"{name}-form"]
        headers = {"Origin": public or url, "Cookie": f"{name}-form={secret}"}
        said = {"name": "approver", "password": PASSWORD, "csrf_token": secret}
        answer = one.http.post("/sign-in", data=said, headers=headers)
        assert answer.status_code == 303
        session, gone = answer.headers.get_list("set-cookie")
        assert session.startswith(f"{name}=")
        assert session.endswith(f"HttpOnly; Max-Age=43200; Path=/; SameSite=lax{more}")
        assert gone.startswith(f'{name}-form=""; HttpOnly; Max-Age=0;')
        assert "domain" not in session.lower()
        value = answer.cookies[name]
        assert one.http.get(ME, headers={"Cookie": f"{name}={value}"}).status_code == 200
        other = "fleetmend" if more else "__Host-fleetmend"
        assert one.http.get(ME, headers={"Cookie": f"{other}={value}"}).status_code == 401
        assert one.http.get(ME, headers={"Cookie": f"{name}={value}; {name}={value}"}).status_code == 401
        assert ("strict-transport-security" in form.headers) == (url.startswith("https"))


def test_only_digests_are_stored(two: TwoFleets, tmp_path: Path) -> None:
    value = signed_in(two).http.cookies["fleetmend"]
    stored = str([rows_of(tmp_path / "state", table) for table in ("sessions", "passwords", "sign_in_attempts")])
    assert value not in stored
    assert PASSWORD not in stored
    assert "$argon2id$" in stored


@pytest.mark.parametrize(
    "then", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/a b"]
)
def test_nobody_is_sent_elsewhere(two: TwoFleets, then: str) -> None:
    assert browser(two).sign_in("approver", PASSWORD, then).headers["location"] == "/"


def test_nobody_learns_who_there_is(two: TwoFleets) -> None:
    two.house.loop.context.store.passwords.set("viewer", PASSWORD, "test")
    two.house.loop.context.store.people.switch("viewer", "test", enabled=False)
    pages = set()
    for number, (name, password) in enumerate(
        [("approver", "wrong"), ("nobody", "wrong"), ("viewer", PASSWORD), ("admin", PASSWORD), ("", ""), ("é\0", "\0")]
    ):
        one = browser(two, address=f"192.0.2.{number}")
        secret = one.secret("/sign-in")
        answer = one.send("/sign-in", name=name, password=password, csrf_token=secret)
        assert (answer.status_code, WRONG in answer.text) == (403, True)
        pages.add(answer.text.replace(secret, ""))
    assert len(pages) == 1, "the same words, whatever was wrong"


def test_a_hash_is_made_for_whoever_is_not_there(two: TwoFleets, monkeypatch: pytest.MonkeyPatch) -> None:
    import store.passwords as module

    compared: list[str] = []
    real = module._fits
    monkeypatch.setattr(module, "_fits", lambda hashed, password: compared.append(hashed) or real(hashed, password))
    passwords = two.house.loop.context.store.passwords
    assert not passwords.right("nobody", "wrong")
    assert not passwords.right("approver", "wrong")
    cost = [hashed.rsplit("$", 2)[0] for hashed in compared]
    assert len(cost) == 2
    assert cost[0] == cost[1], "of the same cost"


def test_an_account_is_locked_from_an_address_and_opens_again(two: TwoFleets) -> None:
    one = browser(two)
    for _ in range(MOST_OF_ACCOUNT_HERE):
        assert one.sign_in("approver", "wrong").status_code == 403
    locked = one.sign_in("approver", PASSWORD)
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) == int(WINDOW.total_seconds()) + 1
    assert "too many attempts" in locked.text
    assert browser(two, address="198.51.100.7").sign_in("approver", PASSWORD).status_code == 303, "its owner elsewhere"
    two.house.clock.advance(WINDOW)
    assert one.sign_in("approver", PASSWORD).status_code == 303
    assert {"sign_in.failed", "sign_in.locked", "session.opened"} <= set(kinds(two))


def test_an_account_is_locked_for_many_addresses_together(two: TwoFleets) -> None:
    statuses = [
        browser(two, address=f"198.51.100.{number}").sign_in("approver", "wrong").status_code
        for number in range(MOST_OF_ACCOUNT + 1)
    ]
    assert statuses == [403] * MOST_OF_ACCOUNT + [429]
    for name in ("APPROVER", "nobody"):
        locked = browser(two, address="198.51.100.99").sign_in(name, PASSWORD).status_code
        assert locked == (429 if name == "APPROVER" else 403)


def test_an_address_has_so_many_attempts_whatever_the_names(two: TwoFleets) -> None:
    one = browser(two, address="2001:db8::1")
    for number in range(MOST_OF_ADDRESS):
        assert one.sign_in(f"name{number}", "wrong").status_code == 403
    assert one.sign_in("approver", PASSWORD).status_code == 429
    assert browser(two, address="2001:db8::2").sign_in("approver", PASSWORD).status_code == 429, "the same household"
    two.house.clock.advance(WINDOW)
    assert one.sign_in("approver", PASSWORD).status_code == 303


def test_attempts_that_end_well_do_not_lock_anybody_out(two: TwoFleets) -> None:
    for _ in range(MOST_OF_ADDRESS + 5):
        signed_in(two)


def test_a_session_ends_by_itself(two: TwoFleets) -> None:
    idle, busy = signed_in(two), signed_in(two)
    begun = two.house.clock.now()
    while two.house.clock.now() - begun < LASTS - IDLE:
        two.house.clock.advance(IDLE - timedelta(minutes=1))
        assert busy.http.get(ME).status_code == 200
    assert idle.http.get(ME).status_code == 401
    assert idle.http.get("/incidents").headers["location"] == "/sign-in?next=/incidents"
    two.house.clock.advance(begun + LASTS - two.house.clock.now())
    assert busy.http.get(ME).status_code == 401, "however busy"


def test_signing_out_ends_the_session_wherever_its_cookie_is(two: TwoFleets) -> None:
    one = signed_in(two)
    cookie = {"Cookie": f"fleetmend={one.http.cookies['fleetmend']}"}
    elsewhere = Browser(create_app(two.house.loop), two.house)
    assert elsewhere.http.get(ME, headers=cookie).status_code == 200
    answer = one.send("/sign-out", csrf_token=one.secret("/incidents"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert 'fleetmend=""' in answer.headers["set-cookie"]
    assert elsewhere.http.get(ME, headers=cookie).status_code == 401


def test_a_new_password_ends_every_session(two: TwoFleets) -> None:
    one = signed_in(two)
    two.house.loop.context.store.passwords.set("approver", PASSWORD + "!", "test")
    assert one.http.get(ME).status_code == 401
    assert browser(two).sign_in("approver", PASSWORD).status_code == 403


def test_ones_own_password_is_changed_with_the_one_until_now(two: TwoFleets) -> None:
    path, new = "/people/approver/password", "another few words"
    assert two.ask("approver", "PUT", path, {"password": new}).status_code == 403
    assert two.ask("approver", "PUT", path, {"password": new, "current": "wrong"}).status_code == 403
    assert two.ask("viewer", "PUT", path, {"password": new, "current": PASSWORD}).status_code == 403
    assert two.ask("approver", "PUT", path, {"password": "short", "current": PASSWORD}).status_code == 422
    assert two.ask("approver", "PUT", path, {"password": new, "current": PASSWORD}).status_code == 204
    assert browser(two).sign_in("approver", new).status_code == 303
    for _ in range(MOST_OF_ACCOUNT_HERE):
        two.ask("approver", "PUT", path, {"password": new, "current": "wrong"})
    answer = two.ask("approver", "PUT", path, {"password": new, "current": new})
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:fleetmend:too-many")
    assert int(answer.headers["retry-after"]) > 800


def test_a_short_password_is_refused_kindly(two: TwoFleets) -> None:
    with pytest.raises(BadInput, match="a password has 12 to 500 characters: a few words in a row"):
        two.house.loop.context.store.passwords.set("approver", "hunter2", "test")


FORGERIES = [
    ({}, {}),
    ({"Origin": "http://evil.example"}, {"csrf_token": "{secret}"}),
    ({"Origin": "null"}, {"csrf_token": "{secret}"}),
    ({"Origin": "http://fleetmend:8080"}, {"csrf_token": "{secret}"}),
    ({"Sec-Fetch-Site": "cross-site"}, {"csrf_token": "{secret}"}),
    ({"Sec-Fetch-Site": "same-site"}, {"csrf_token": "{secret}"}),
    ({"Sec-Fetch-Site": "none"}, {"csrf_token": "{secret}"}),
    ({}, {"csrf_token": "{secret}"}),
    ({"Origin": "http://fleetmend"}, {}),
    ({"Origin": "http://fleetmend"}, {"csrf_token": ""}),
    ({"Origin": "http://fleetmend"}, {"csrf_token": "{secret}x"}),
    ({"Origin": "http://fleetmend"}, {"csrf_token": ["{secret}", "{secret}"]}),
    ({"Origin": "http://fleetmend", "X-CSRF-Token": "wrong"}, {"csrf_token": "{secret}"}),
    ({"Origin": "http://fleetmend"}, {"csrf_token": "{secret}", "fat": "x" * 70_000}),
]


@pytest.mark.parametrize(("headers", "form"), FORGERIES)
def test_what_another_site_sends_is_refused(two: TwoFleets, headers: dict[str, str], form: dict[str, object]) -> None:
    one, incident = signed_in(two), two.ids[MINE]["incident_id"]
    secret = one.secret("/incidents")
    sent = {
        name: [each.replace("{secret}", secret) for each in value]
        if isinstance(value, list)
        else str(value).replace("{secret}", secret)
        for name, value in form.items()
    }
    plan_hash = two.ask("approver", "GET", f"/plans/{two.ids[MINE]['plan_id']}").json()["hash"]
    page = one.http.post(
        f"/incidents/{incident}/approve", data=sent | {"plan_hash": plan_hash, "hosts": "h1"}, headers=headers
    )
    assert (page.status_code, page.json()["type"]) == (403, "urn:fleetmend:forged")
    api = one.http.post(f"{BASE}/incidents/{incident}/approve", json={}, headers=headers)
    assert api.status_code == 403
    assert two.ask("viewer", "GET", f"/incidents/{incident}").json()["state"] == "awaiting_approval"
    assert "request.forged" in kinds(two)


@pytest.mark.parametrize("headers", [{"Origin": "http://fleetmend"}, {"Sec-Fetch-Site": "same-origin"}])
def test_a_page_of_ours_may_use_the_api(two: TwoFleets, headers: dict[str, str]) -> None:
    one, incident = signed_in(two), two.ids[MINE]["incident_id"]
    headers = headers | {"X-CSRF-Token": one.secret("/incidents")}
    answer = one.http.post(f"{BASE}/incidents/{incident}/approve", json={}, headers=headers)
    assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    [approval] = two.house.loop.context.store.approvals.of(two.ids[MINE]["plan_id"])
    assert (approval.by, approval.via) == ("person:approver", "session")


def test_one_sessions_secret_is_not_anothers(two: TwoFleets) -> None:
    one, other = signed_in(two), signed_in(two)
    assert one.send("/sign-out", csrf_token=other.secret("/incidents")).status_code == 403
    assert one.http.get(ME).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
def test_no_other_site_signs_anybody_in(two: TwoFleets, origin: str | None) -> None:
    one = browser(two)
    secret = one.secret("/sign-in")
    answer = one.send("/sign-in", origin, name="approver", password=PASSWORD, csrf_token=secret)
    assert (answer.status_code, "fleetmend" in answer.cookies) == (403, False)
    for said in ("", "x", secret + "x"):
        assert one.send("/sign-in", name="approver", password=PASSWORD, csrf_token=said).status_code == 403
    one.http.cookies.clear()
    assert one.send("/sign-in", name="approver", password=PASSWORD, csrf_token=secret).status_code == 403
    assert "session.opened" not in kinds(two)


def test_a_wrong_token_is_not_mended_by_a_cookie(two: TwoFleets) -> None:
    one = signed_in(two)
    assert one.http.get(ME, headers={"Authorization": "Bearer fm_wrong"}).status_code == 401


def test_a_session_does_what_its_person_may(two: TwoFleets) -> None:
    one = signed_in(two)
    assert one.http.get(f"{BASE}/incidents").status_code == 200
    assert one.http.get("/metrics").status_code == 403
    assert one.http.get(f"/incidents/{two.ids['vault9']['incident_id']}").status_code == 404
