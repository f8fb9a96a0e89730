"""Every error has its answer, in one bounded line; and a fault of ours is told as one."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.problems import answer_error
from core.errors import (
    BadInput,
    Conflict,
    Final,
    FleetmendError,
    LeaseLost,
    NeedsHuman,
    NotFound,
    Refused,
    Retryable,
    StorageFull,
    Unvetted,
)
from tests.api_client import BEGINNING, Api, open_api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with open_api(tmp_path, mode="observe") as opened:
        yield opened


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (BadInput("x", file=Path("fleet.yml"), line=3, key="mode"), 422, "bad-input"),
        (Refused("x"), 403, "refused"),
        (Unvetted("x"), 403, "refused"),
        (NotFound("x"), 404, "not-found"),
        (Conflict("x"), 409, "conflict"),
        (NeedsHuman("x"), 409, "needs-human"),
        (Retryable("x"), 503, "retry"),
        (LeaseLost("x"), 503, "retry"),
        (StorageFull("x"), 507, "storage-full"),
        (Final("x"), 500, "fault"),
    ],
)
def test_every_error_has_its_status(error: FleetmendError, status: int, name: str) -> None:
    answered = answer_error(error)
    problem = json.loads(bytes(answered.body))
    assert (answered.status_code, problem["status"], problem["type"]) == (status, status, f"urn:fleetmend:{name}")
    assert problem["detail"] == str(error)
    assert answered.media_type == "application/problem+json"
    assert answered.headers.get("retry-after") == {503: "1", 507: "30"}.get(status)


def test_a_detail_is_one_bounded_printable_line() -> None:
    problem = json.loads(bytes(answer_error(Conflict("a\nb\x1b[31m\ud800\u202e" + "x" * 5000)).body))
    assert problem["detail"].startswith("a b [31m x")
    assert len(problem["detail"]) == 1000


def test_a_fault_of_ours_is_answered_and_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    @api.app.get("/api/v1/broken")
    def broken() -> None:
        raise RuntimeError("secret detail")

    with caplog.at_level(logging.ERROR):
        answer = api.http.get("/api/v1/broken")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:fleetmend:fault")
    assert answer.json()["detail"] == "an internal error; see the log"
    assert "secret detail" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "secret detail" in caplog.text


def test_what_is_refused_is_journalled_without_secrets(api: Api) -> None:
    @api.app.get("/api/v1/refusing")
    @api.app.post("/api/v1/refusing")
    def refusing() -> None:
        raise Refused("no: password=hunter2hunter2 " + "x" * 900)

    assert api.get("/refusing", 403)["type"] == "urn:fleetmend:refused"
    [entry] = api.get("/journal")[len(BEGINNING) :]
    assert (entry["kind"], entry["actor"], entry["incident_id"]) == ("request.refused", "person:ops", None)
    assert len(entry["body"]["reason"]) == 500
    assert "hunter2" not in str(entry)


def test_a_database_that_is_away_is_said_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_token: str) -> str | None:
        raise Retryable("the database can't be used right now: locked")

    from api.app import create_app

    monkeypatch.setattr(api.house.loop.context.store.tokens, "owner", away)
    monkeypatch.setattr(api.house.loop.context.store.tokens, "any", lambda: away(""))
    from tests.api_client import client_of

    with client_of(create_app(api.house.loop), api.house, api.token) as http:
        answer = http.get("/api/v1/incidents")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert http.get("/readyz").json()["detail"] == "the database does not answer; see the log"
