"""What is refused is journalled, with where it came from, and nobody can fill the journal with it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import BASE, create_app
from api.refusals import EVERY, MOST_A_MINUTE, Kind, Refusals
from core.journal import Entry
from tests.api_client import BEGINNING, Api, open_api
from tests.browsing import Browser


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with open_api(tmp_path, mode="observe") as opened:
        yield opened


def told(api: Api) -> list[Entry]:
    return list(api.house.loop.context.store.journal.entries())[len(BEGINNING) :]


def test_the_same_is_told_once_a_minute_with_a_count(api: Api) -> None:
    with api.without_token() as nobody:
        for _ in range(50):
            nobody.get(f"{BASE}/incidents", headers={"Authorization": "Bearer fm_secretsecretsecretsecret"})
        assert [one.body["count"] for one in told(api)] == [1]
        api.house.clock.advance(EVERY)
        api.get("/me")
    assert [(one.kind, one.actor, one.body["count"]) for one in told(api)] == [
        ("request.unauthorized", "somebody", 1),
        ("request.unauthorized", "somebody", 49),
    ]
    assert told(api)[0].body["address"] == "127.0.0.1"
    assert "secretsecret" not in str(told(api))
    api.house.clock.advance(EVERY)
    api.get("/me")
    assert len(told(api)) == 2, "nothing more happened"


def test_whatever_strangers_do_the_journal_grows_slowly(api: Api) -> None:
    refusals = Refusals(api.house.loop.context.store, api.house.clock)
    for minute in range(3):
        for number in range(500):
            address = str(ipaddress.ip_address(number + minute * 1000))
            refusals.tell(Kind.TOKEN, address, reason="no", path="")
        assert len(told(api)) <= (minute + 1) * (MOST_A_MINUTE + 2) + minute * MOST_A_MINUTE
        api.house.clock.advance(EVERY)
    refusals.tell_overdue()
    assert sum(one.body["count"] for one in told(api)) == 1500, "and nothing is lost"
    assert {one.body["address"] for one in told(api) if one.body["count"] > 1} == {"many addresses"}


def test_a_reason_is_cut_and_holds_no_secret(api: Api) -> None:
    refusals = Refusals(api.house.loop.context.store, api.house.clock)
    refusals.tell(Kind.REQUEST, "192.0.2.1", reason="password=hunter2hunter2\n" + "x" * 900, path="/" * 900)
    [entry] = told(api)
    assert (len(entry.body["reason"]), len(entry.body["path"])) == (500, 200)
    assert "hunter2" not in str(entry)


def test_one_who_may_not_is_told_of_by_name(api: Api) -> None:
    store = api.house.loop.context.store
    store.people.add("eve", "test")
    secret = store.tokens.make("of-eve", "test", person="eve")
    with api.without_token() as eve:
        headers = {"Authorization": f"Bearer {secret}"}
        assert eve.get(f"{BASE}/agents", headers=headers).status_code == 403
        assert eve.put(f"{BASE}/pauses/*", json={"reason": "x"}, headers=headers).status_code == 403
    assert [(one.kind, one.actor, one.body["path"]) for one in told(api)[-2:]] == [
        ("request.refused", "person:eve", f"{BASE}/agents"),
        ("request.refused", "person:eve", f"{BASE}/pauses/*"),
    ]


CASES: list[tuple[str, dict[str, str], str]] = [
    ("198.51.100.1", {"X-Forwarded-For": "203.0.113.9"}, "198.51.100.1"),
    ("10.0.0.5", {}, "10.0.0.5"),
    ("10.0.0.5", {"X-Forwarded-For": "203.0.113.9"}, "203.0.113.9"),
    ("10.0.0.5", {"X-Forwarded-For": "6.6.6.6, 203.0.113.9"}, "203.0.113.9"),
    ("10.0.0.5", {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.0.0.6"}, "203.0.113.9"),
    ("10.0.0.5", {"X-Forwarded-For": "junk"}, "10.0.0.5"),
    ("10.0.0.5", {"X-Forwarded-For": "2001:db8:1:2:3::4"}, "2001:db8:1:2::/64"),
    ("::ffff:10.0.0.5", {"X-Forwarded-For": "203.0.113.9"}, "203.0.113.9"),
]


@pytest.mark.parametrize(("peer", "headers", "address"), CASES)
def test_behind_a_proxy_the_client_is_who_it_says(tmp_path: Path, peer: str, headers: Any, address: str) -> None:
    with open_api(tmp_path, mode="observe") as api:
        context = api.house.loop.context
        trusted = context.settings.model_copy(update={"proxies": (ipaddress.ip_network("10.0.0.0/8"),)})
        object.__setattr__(context, "settings", trusted)
        one = Browser(create_app(api.house.loop), api.house, address=peer)
        assert one.http.get(f"{BASE}/me", headers=headers).status_code == 401
        assert told(api)[-1].body["address"] == address
        form = one.http.get("/sign-in", headers={"X-Forwarded-Proto": "https"})
        secure = "; Secure" in form.headers["set-cookie"]
        assert secure == (peer != "198.51.100.1"), "only a proxy of ours is believed that it speaks TLS"


def test_an_hour_of_silence_costs_nothing(api: Api) -> None:
    api.house.clock.advance(timedelta(hours=1))
    with api.without_token() as nobody:
        assert isinstance(nobody, httpx.Client)
        assert nobody.get(f"{BASE}/me").status_code == 401
    assert [one.body["count"] for one in told(api)] == [1]
