"""What comes to Slack's doors and is not Slack's, or is too much, too old, or was here before: nothing happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from api.app import BASE
from api.routes.slack import LARGEST
from core.incidents import Incident
from core.states import State
from tests.slack_house import UADA, SlackHouse, open_slack
from tests.slack_server import Json, click, command, signed


@pytest.fixture
def at(tmp_path: Path) -> Iterator[SlackHouse]:
    with open_slack(tmp_path) as opened:
        yield opened


@pytest.fixture
def asked(at: SlackHouse) -> tuple[Incident, Json]:
    return at.asked()


def now(at: SlackHouse) -> float:
    return at.house.clock.now().timestamp()


def yes(at: SlackHouse, message: Json) -> str:
    return click(at.slack, message, "approve", UADA)


def test_a_signed_click_counts(at: SlackHouse, asked: tuple[Incident, Json]) -> None:
    incident, message = asked
    answer = at.send(yes(at, message))
    assert (answer.status_code, answer.content) == (200, b"")
    assert at.state(incident) is State.APPROVED
    [approval] = at.house.loop.context.store.approvals.of(str(incident.plan_id))
    assert (approval.by, approval.via) == ("person:ada", f"slack:{UADA}")


FORGED = {
    "another secret": lambda body, at: signed(body, at, "0" * 32),
    "an empty secret": lambda body, at: signed(body, at, ""),
    "no signature": lambda body, at: {k: v for k, v in signed(body, at).items() if k != "X-Slack-Signature"},
    "no time": lambda body, at: {k: v for k, v in signed(body, at).items() if k != "X-Slack-Request-Timestamp"},
    "signed over another body": lambda body, at: signed(body + "&x=1", at),
    "too old": lambda body, at: signed(body, at - 301),
    "of the future": lambda body, at: signed(body, at + 301),
    "another time than was signed": lambda body, at: signed(body, at) | {"X-Slack-Request-Timestamp": str(int(at) + 1)},
    "no number for a time": lambda body, at: signed(body, at) | {"X-Slack-Request-Timestamp": "soon"},
    "an endless number": lambda body, at: signed(body, at) | {"X-Slack-Request-Timestamp": "9" * 5000},
    "digits of another script": lambda body, at: signed(body, at) | {"X-Slack-Request-Timestamp": "١٢٣".encode()},
    "letters that are not ASCII": lambda body, at: (
        signed(body, at) | {"X-Slack-Signature": ("v0=" + "é" * 64).encode()}
    ),
    "another version": lambda body, at: {
        **(h := signed(body, at)),
        "X-Slack-Signature": "v1" + h["X-Slack-Signature"][2:],
    },
    "a token of ours": lambda body, at: {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": "Bearer fm_whatever",
    },
}


@pytest.mark.parametrize("how", FORGED)
def test_what_is_not_signed_by_slack_now_does_nothing(at: SlackHouse, asked: tuple[Incident, Json], how: str) -> None:
    incident, message = asked
    body = yes(at, message)
    answer = at.send(body, headers=FORGED[how](body, now(at)))
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:fleetmend:unauthorized"
    assert at.state(incident) is State.AWAITING_APPROVAL
    assert at.house.loop.context.store.callbacks.left() == []


def test_a_truncated_body_has_another_signature(at: SlackHouse, asked: tuple[Incident, Json]) -> None:
    incident, message = asked
    body = yes(at, message)
    assert at.send(body[:-1], headers=signed(body, now(at))).status_code == 401
    assert at.state(incident) is State.AWAITING_APPROVAL


def test_a_replay_is_refused_and_a_stored_one_is_never_worked_twice(
    at: SlackHouse, asked: tuple[Incident, Json]
) -> None:
    incident, message = asked
    body = yes(at, message)
    headers = signed(body, now(at))
    assert at.send(body, headers=headers).status_code == 200
    again = at.send(body, headers=headers)
    assert (again.status_code, again.json()["type"]) == (409, "urn:fleetmend:conflict")
    assert len(at.house.loop.context.store.approvals.of(str(incident.plan_id))) == 1
    assert at.told_privately() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 422),
        ("nothing", 422),
        ("payload=", 422),
        ("payload=%7B", 422),
        ("payload=[]", 422),
        ("payload=1&payload=2", 422),
        ("payload=" + "[" * 50_000, 422),
        (urlencode({"payload": json.dumps({"type": "block_actions"})}), 422),
        (urlencode({"payload": json.dumps({"type": "block_actions", "user": {"id": "U"}, "actions": []})}), 422),
        (urlencode({"payload": json.dumps({"type": "shortcut", "user": {"id": "U"}})}), 200),
        (urlencode({"payload": json.dumps({"type": "view_closed", "user": {"id": "U"}})}), 200),
    ],
)
def test_what_slack_signed_and_nobody_can_read(at: SlackHouse, body: str, status: int) -> None:
    assert at.send(body).status_code == status
    assert at.house.loop.context.store.callbacks.left() == []


def test_bytes_that_are_no_text_are_nobodys(at: SlackHouse) -> None:
    answer = at.http.post(f"{BASE}/slack/actions", content=b"payload=\xff", headers=signed("payload=", now(at)))
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["actions", "commands"])
def test_only_a_form_is_read(at: SlackHouse, path: str) -> None:
    body = command(at.slack, "status", UADA)
    assert at.send(body, path, signed(body, now(at)) | {"Content-Type": "application/json"}).status_code == 415


def test_a_body_that_is_too_large_is_not_read_to_its_end(at: SlackHouse) -> None:
    body = "payload=" + "x" * LARGEST
    assert at.send(body).status_code == 413


def test_without_a_signing_secret_nothing_is_believed(tmp_path: Path) -> None:
    with open_slack(tmp_path, settings={"slack_signing_secret": None}) as at:
        incident, message = at.asked()
        assert at.send(yes(at, message)).status_code == 401
        assert at.state(incident) is State.AWAITING_APPROVAL


def test_what_a_process_died_over_is_worked_by_the_next(at: SlackHouse, asked: tuple[Incident, Json]) -> None:
    incident, message = asked
    accepted = at.house.loop.answers.accept("v0=1", "action", yes(at, message))  # type: ignore[union-attr]
    assert accepted is not None
    at.house.loop.context.store.callbacks.take(accepted.id)
    at.house.clock.advance(timedelta(seconds=20))
    at.tell()
    assert at.state(incident) is State.AWAITING_APPROVAL, "somebody may still be at work on it"
    at.house.clock.advance(timedelta(seconds=20))
    at.tell()
    assert at.state(incident) is State.APPROVED
    assert at.house.loop.context.store.callbacks.left() == []


def test_a_modal_that_nobody_waits_for_any_more_is_not_opened(at: SlackHouse, asked: tuple[Incident, Json]) -> None:
    body = click(at.slack, asked[1], "reject", UADA)
    assert at.house.loop.answers.accept("v0=2", "action", body) is not None  # type: ignore[union-attr]
    at.house.clock.advance(timedelta(seconds=40))
    at.tell()
    assert at.slack.views == []
    assert at.house.loop.context.store.callbacks.left() == []


def test_what_was_said_is_forgotten_once_it_was_worked(at: SlackHouse, asked: tuple[Incident, Json]) -> None:
    at.send(yes(at, asked[1]))
    at.house.clock.advance(timedelta(days=3))
    assert at.house.loop.housekeeping.prune()["claims"] >= 0
    assert at.house.loop.context.store.callbacks.left() == []
