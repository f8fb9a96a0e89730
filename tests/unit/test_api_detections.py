"""Detections from outside: all or nothing, bounded, and inert whatever they say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.border import LARGEST_BODY
from tests.api_client import BEGINNING, DOWN, Api, open_api

URL = "/api/v1/detections"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with open_api(tmp_path, mode="observe") as opened:
        yield opened


@pytest.fixture(scope="module")
def lasting_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with open_api(tmp_path_factory.mktemp("api"), mode="observe") as opened:
        yield opened


def stored(api: Api) -> int:
    return api.house.loop.context.store.detections.count()


def test_one_detection_opens_an_incident(api: Api) -> None:
    [accepted] = api.post("/detections", DOWN | {"severity": "critical", "evidence": {"code": 3, "ok": False}}, 201)[
        "accepted"
    ]
    assert accepted["opened"] is True
    incident = api.get(f"/incidents/{accepted['incident']}")
    [detection] = incident["detections_list"]
    assert detection["id"] == accepted["detection"]
    assert (detection["source"], detection["severity"]) == ("api:ops", "critical")
    assert detection["evidence"] == {"code": 3, "ok": False}
    assert detection["seen_at"] == "2026-01-01T00:00:00Z"
    assert incident["title"] == "service_down web on h1"


def test_a_list_is_answered_in_its_order(api: Api) -> None:
    answer = api.post("/detections", [DOWN, DOWN | {"host": "h2"}, DOWN], 201)["accepted"]
    assert [one["opened"] for one in answer] == [True, True, False]
    assert answer[0]["incident"] == answer[2]["incident"] != answer[1]["incident"]
    assert stored(api) == 3


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"host": "h9"}, "detection 2 of 2: the fleet demo has no host 'h9'"),
        ({"fleet": "prod"}, "no fleet 'prod'"),
        ({"symptom": "bad_mood"}, "no symptom 'bad_mood'"),
        ({"evidence": {"x": []}}, "[1].evidence: 'x' must be text, a number, true or false"),
    ],
)
def test_one_bad_item_refuses_the_batch(api: Api, bad: dict[str, Any], words: str) -> None:
    assert words in api.post("/detections", [DOWN, DOWN | bad], 422)["detail"]
    assert stored(api) == 0
    assert api.get("/incidents") == []
    assert [entry["kind"] for entry in api.get("/journal")] == BEGINNING


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": "sweep"}, "source: unknown field"),
        ({"id": "det-1"}, "id: unknown field"),
        ({"fleet": None}, "fleet: it should be a valid string"),
        ({"fleet": "De mo"}, "fleet: "),
        ({"host": 5}, "host: it should be a valid string"),
        ({"host": "-h1"}, "host: "),
        ({"host": "h1:h2"}, "host: "),
        ({"subject": "{{ 7*7 }}"}, "subject: "),
        ({"subject": "x" * 201}, "subject: "),
        ({"service": "x" * 101}, "service: "),
        ({"service": "a\0b"}, "service: it holds a character that can't be stored"),
        ({"severity": "CRITICAL"}, "severity: it should be 'info', 'warning' or 'critical'"),
        ({"severity": 2}, "severity: "),
        ({"evidence": []}, "evidence: it should be a"),
        ({"evidence": {"A": 1}}, "evidence.A: a name has lower-case letters"),
        ({"evidence": {"a": None}}, "evidence: 'a' must be text"),
        ({"evidence": {"a": {"b": 1}}}, "evidence: 'a' must be text"),
        ({"evidence": {"a": "x" * 501}}, "evidence: 'a' is longer than 500 characters"),
        ({"evidence": {"a": "\0"}}, "evidence: 'a' holds a character that can't be stored"),
        ({"evidence": {"a": "\ud800"}}, "evidence: 'a' holds a character that can't be stored"),
        ({"evidence": {"a": float("nan")}}, "evidence: 'a' is not a finite number"),
        ({"evidence": {"a": float("-inf")}}, "evidence: 'a' is not a finite number"),
        ({"evidence": {"a": 2**63}}, "evidence: 'a' is too large a number"),
        ({"evidence": {f"k{number}": 1 for number in range(41)}}, "evidence: "),
        ({"seen_at": 1767225600}, "seen_at: write a time as 2026-01-31T12:00:00Z"),
        ({"seen_at": "1767225600"}, "seen_at: write a time as"),
        ({"seen_at": "2026-01-01T00:00:00"}, "seen_at: it should have timezone info"),
        ({"seen_at": "2026-01-01T00:05:01Z"}, "seen_at: 2026-01-01T00:05:01+00:00 is not a time at which"),
        ({"seen_at": "0001-01-01T00:00:00+14:00"}, "seen_at: 0001-01-01T00:00:00+14:00 is not a time"),
        ({"seen_at": "9999-12-31T23:59:59-14:00"}, "seen_at: 9999-12-31T23:59:59-14:00 is not a time"),
    ],
)
def test_what_does_not_fit_is_named(lasting_api: Api, change: dict[str, Any], words: str) -> None:
    before = stored(lasting_api)
    answer = send(lasting_api, json.dumps(DOWN | change).encode())
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "urn:fleetmend:bad-input"
    assert answer.json()["detail"].startswith(words)
    assert stored(lasting_api) == before


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "a JSON body is needed"),
        (b"{", "the body is not valid JSON at character 1"),
        (b"null", "the body: it should be a JSON object"),
        (b"3", "the body: it should be a JSON object"),
        (b"[]", "the body: "),
        (b"[[]]", "[0]: it should be a JSON object"),
        (b"{}", "the field 'fleet' is missing (and 2 more)"),
        (b"[{}]", "the field '[0].fleet' is missing (and 2 more)"),
        (b'{"\\ud800": 1}', "the body: "),
        (b'{"\\u001b[31m\\n": 1, "fleet": "demo", "host": "h1", "symptom": "service_down"}', "[31m : unknown field"),
        (b"[" * 100_000, "the body can't be read"),
        (b"9" * 5000, "the body can't be read"),
        (b"\xff\xfe\xfd", "the body can't be read"),
    ],
)
def test_what_is_no_detection_at_all(lasting_api: Api, body: bytes, words: str) -> None:
    answer = send(lasting_api, body)
    assert (answer.status_code, answer.json()["detail"][: len(words)]) == (422, words)


def test_the_body_says_that_it_is_json(lasting_api: Api) -> None:
    answer = send(lasting_api, json.dumps(DOWN).encode(), kind="application/x-www-form-urlencoded")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "the body was not read; send it as `Content-Type: application/json`"


def test_a_batch_is_bounded(lasting_api: Api) -> None:
    before = stored(lasting_api)
    lasting_api.post("/detections", [DOWN] * 501, 422)
    assert stored(lasting_api) == before


@pytest.mark.parametrize("said", [True, False], ids=["said", "not said"])
def test_a_body_is_bounded(lasting_api: Api, said: bool) -> None:
    """Whether or not its length is said at the start."""
    blank = json.dumps(DOWN).encode() + b" " * LARGEST_BODY
    before = stored(lasting_api)
    content = blank if said else iter([blank[:1000], blank[1000:]])
    headers = {"Content-Type": "application/json"}
    answer = lasting_api.http.post(URL, content=content, headers=headers)
    assert ("content-length" in answer.request.headers) is said
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:fleetmend:too-large")
    assert "1000000 bytes" in answer.json()["detail"]
    assert stored(lasting_api) == before
    assert send(lasting_api, blank[:LARGEST_BODY]).status_code == 201


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "{{ lookup('pipe', 'id') }}", "\x1b]0;x\x07", "[red]x[/]", "'\"; DROP"]
)
def test_markup_comes_back_as_inert_json(lasting_api: Api, text: str) -> None:
    [accepted] = lasting_api.post("/detections", DOWN | {"evidence": {"line": text}}, 201)["accepted"]
    answer = lasting_api.http.get(f"/api/v1/incidents/{accepted['incident']}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["detections_list"][-1]["evidence"] == {"line": text}


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.sampled_from([*DOWN, "severity", "evidence", "seen_at", "source", "request"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(FIELDS, ANY_JSON, max_size=3))
def test_no_json_brings_it_down(lasting_api: Api, changes: dict[str, Any]) -> None:
    """Whatever is sent is stored as one detection, or refused with nothing stored; it is never a fault of ours."""
    before = stored(lasting_api)
    answer = send(lasting_api, json.dumps(DOWN | changes).encode())
    assert answer.status_code in (201, 422), answer.text
    assert stored(lasting_api) - before == (answer.status_code == 201)


def send(api: Api, body: bytes, kind: str = "application/json") -> httpx.Response:
    return api.http.post(URL, content=body, headers={"Content-Type": kind})
