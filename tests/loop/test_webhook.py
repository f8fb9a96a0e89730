"""The outgoing webhook: signed, at least once, always as the incident stands now; and the docs' snippet verifies it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput
from core.settings import CHECKOUT, Settings
from tests.people import ADA
from tests.slack_house import ASKING
from tests.world import House, open_house

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" + "AAAA"
Sent = tuple[dict[str, str], bytes]


class Receiver:
    """Somebody's URL."""

    def __init__(self) -> None:
        self.got: list[Sent] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.port = 0

    @property
    def told(self) -> list[Any]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, headers = found.answers.pop(0) if found.answers else (204, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def house(tmp_path: Path, receiver: Receiver) -> Iterator[House]:
    settings = {"webhook_url": f"http://127.0.0.1:{receiver.port}/hidden-path", "webhook_secret": SECRET}
    with open_house(tmp_path, settings=settings, **ASKING, notify={"webhook": True}) as opened:
        yield opened


def asked(house: House) -> str:
    incident = house.report()
    house.loop.engine.advance(incident.id)
    house.loop.messenger.look()
    return incident.id


def documented_verify() -> Any:
    page = (CHECKOUT / "docs" / "howto" / "webhook.md").read_text()
    [snippet] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(snippet, names)
    return names["verify"]


def test_each_state_is_told_and_the_documented_snippet_verifies_it(house: House, receiver: Receiver) -> None:
    incident = asked(house)
    house.loop.decisions.approve(incident, ADA)
    house.settle_down()
    house.loop.messenger.look()
    assert [one["type"] for one in receiver.told] == ["incident.awaiting_approval", "incident.resolved"]
    first = receiver.told[0]["data"]
    assert (first["incident"], first["approvals"], first["verdict"]) == (incident, {"needed": 1, "given": 0}, None)
    assert receiver.told[1]["data"]["verdict"] == "healed"
    verify, now = documented_verify(), house.clock.now().timestamp()
    for headers, body in receiver.got:
        assert verify(SECRET, headers, body, int(headers["webhook-timestamp"]))
        assert not verify(SECRET, headers, body + b" ", int(headers["webhook-timestamp"]))
        assert not verify("whsec_" + "A" * 32, headers, body, int(headers["webhook-timestamp"]))
        assert not verify(SECRET, headers, body, now + 100_000)
        assert not verify(SECRET, headers | {"webhook-id": "msg_other"}, body, int(headers["webhook-timestamp"]))


def test_what_was_not_taken_comes_again_with_the_same_id(house: House, receiver: Receiver) -> None:
    receiver.answers = [(500, {}), (503, {"Retry-After": "60"})]
    asked(house)
    house.clock.advance(timedelta(seconds=6))
    house.loop.messenger.look()
    house.clock.advance(timedelta(seconds=50))
    house.loop.messenger.look()
    assert len(receiver.got) == 2
    house.clock.advance(timedelta(seconds=20))
    house.loop.messenger.look()
    assert len(receiver.got) == 3
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    house.loop.messenger.look()
    assert len(receiver.got) == 3


def test_a_state_that_comes_back_is_another_event(house: House, receiver: Receiver) -> None:
    incident = asked(house)
    house.loop.decisions.approve(incident, ADA)
    house.rewrite_fleet(**ASKING, notify={"webhook": True}, cooldown="1m", budget={"hosts_per_hour": 5})
    house.clock.advance(timedelta(seconds=6))
    house.loop.engine.advance(incident)
    house.loop.messenger.look()
    types = [one["type"] for one in receiver.told]
    assert types == ["incident.awaiting_approval"] * 2
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 2


def test_a_redirect_is_not_followed_and_the_url_stays_a_secret(house: House, receiver: Receiver) -> None:
    receiver.answers = [(302, {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"})]
    asked(house)
    assert len(receiver.got) == 1
    [standing] = house.loop.context.store.messages.standings()
    assert standing.last_error == "the webhook answered 302"
    assert "hidden-path" not in repr(house.loop.context.settings)


def test_what_nobody_answers_does_not_say_the_url(tmp_path: Path) -> None:
    settings = {"webhook_url": "http://127.0.0.1:9/hidden-path", "webhook_secret": SECRET}
    with open_house(tmp_path, settings=settings, **ASKING, notify={"webhook": True}) as house:
        asked(house)
        [standing] = house.loop.context.store.messages.standings()
        assert "hidden-path" not in str(standing.last_error)


@pytest.mark.parametrize("secret", [None, "whsec_" + "A" * 33, "whsec_" + "A" * 96])
def test_a_webhook_without_a_good_secret_does_not_start(tmp_path: Path, secret: str | None) -> None:
    settings = {"webhook_url": "http://127.0.0.1:9/", "webhook_secret": secret}
    with (
        pytest.raises(BadInput, match="FLEETMEND_WEBHOOK_SECRET"),
        open_house(tmp_path, settings=settings, **ASKING),
    ):
        pass


def test_secrets_are_not_in_what_settings_show() -> None:
    given = {"slack_token": "xoxb-1-secret", "slack_signing_secret": "s3cr3t-s", "webhook_secret": SECRET}
    shown = repr(Settings(**given))
    assert [value for value in given.values() if value in shown] == []
    assert Settings(**given).secrets == frozenset(given.values())
