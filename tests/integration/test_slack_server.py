"""Slack's callbacks behind a real server: answered at once, whatever Slack itself does meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import api.routes.slack as door
from api.app import BASE, create_app
from api.server import Server
from core.errors import Refused
from core.states import State
from tests.slack_house import UADA, UVIC, SlackHouse, open_slack
from tests.slack_server import click, signed, submit

SAFELY = 20.0


@pytest.fixture
def at(tmp_path: Path) -> Iterator[SlackHouse]:
    with open_slack(tmp_path) as opened:
        app = create_app(opened.house.loop)
        with Server(app, host="127.0.0.1", port=0) as server, httpx.Client(base_url=server.url, timeout=SAFELY) as http:
            opened.http = http
            yield opened


def wait_for(true: threading.Event) -> None:
    assert true.wait(SAFELY)


def worked(at: SlackHouse) -> threading.Event:
    """Set once a callback was worked."""
    done, answers = threading.Event(), at.house.loop.answers
    assert answers is not None
    answers.on_work = done.set
    return done


def test_a_click_is_answered_while_slack_itself_hangs(at: SlackHouse) -> None:
    incident, message = at.asked()
    done, at.slack.hang = worked(at), threading.Event()
    answer = at.press(message, "approve", UVIC)
    assert (answer.status_code, answer.content) == (200, b"")
    assert not done.is_set(), "what has to be told to him waits for Slack"
    at.slack.hang.set()
    wait_for(done)
    assert "vic may not decide" in at.told_privately()[0]
    assert at.state(incident) is State.AWAITING_APPROVAL


def test_a_click_over_the_network_approves(at: SlackHouse) -> None:
    incident, message = at.asked()
    done = worked(at)
    assert at.press(message, "approve", UADA).status_code == 200
    wait_for(done)
    assert at.state(incident) is State.APPROVED


def test_a_modal_that_takes_too_long_is_closed_and_what_was_wrong_is_told_in_private(
    at: SlackHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, message = at.asked()
    opened = worked(at)
    at.press(message, "reject", UADA)
    wait_for(opened)
    monkeypatch.setattr(door, "_MODAL_SECONDS", 0.05)
    go_on, done = threading.Event(), worked(at)

    def slow(*_: object, **__: object) -> None:
        go_on.wait(SAFELY)
        raise Refused("too late for the modal")

    monkeypatch.setattr(at.house.loop.decisions, "reject", slow)
    answer = at.send(submit(at.slack.views[-1]["view"], UADA, reason="no"))
    assert (answer.status_code, answer.json()) == (200, {})
    go_on.set()
    wait_for(done)
    assert at.told_privately() == ["too late for the modal"]


def test_a_body_in_pieces_is_bounded_too(at: SlackHouse) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"payload="
        for _ in range(400):
            yield b"x" * 1000

    headers = signed("", at.house.clock.now().timestamp())
    answer = at.http.post(f"{BASE}/slack/actions", content=pieces(), headers=headers)
    assert answer.status_code == 413


def test_two_of_the_same_at_the_same_instant_count_once(at: SlackHouse) -> None:
    incident, message = at.asked()
    body, done = click(at.slack, message, "approve", UADA), worked(at)
    headers, line, statuses = signed(body, at.house.clock.now().timestamp()), threading.Barrier(4), list[int]()

    def send() -> None:
        line.wait()
        statuses.append(at.send(body, headers=headers).status_code)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409, 409, 409]
    wait_for(done)
    assert at.state(incident) is State.APPROVED
    assert at.told_privately() == []
