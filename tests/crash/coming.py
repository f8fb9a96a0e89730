"""People come and go in the crash matrix: they are added, sign in and out, and lose a role."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from core.errors import Conflict, NotFound
from core.people import Grant, Role
from tests.crash.stage import Stage

_ADA = "person:ada"


def add_people(stage: Stage) -> None:
    """Somebody comes, is given all that lets one in, loses it again, and is let out."""
    store = stage.house.loop.context.store
    with suppress(Conflict):
        store.people.add("eve", _ADA)
    store.people.grant("eve", Grant(role=Role.APPROVER, fleet="demo"), _ADA)
    store.people.link("eve", "slack", "U012AB3CD", _ADA)
    with suppress(NotFound):
        store.people.unlink("eve", "slack", _ADA)
    store.passwords.set("eve", "a few words in a row", _ADA)
    store.people.switch("eve", _ADA, enabled=False)
    store.people.switch("eve", _ADA, enabled=True)


def sign_in_and_out(stage: Stage) -> None:
    store = stage.house.loop.context.store
    store.attempts.take({"eve": 1000})
    store.attempts.forget("eve", ["address"])
    secret = store.sessions.open("eve", "password", "192.0.2.1")
    stage.house.clock.advance(timedelta(minutes=2))
    session = store.sessions.of(secret)
    assert session is not None
    store.sessions.end(session)


def lose_a_role(stage: Stage) -> None:
    with suppress(NotFound):
        stage.house.loop.context.store.people.revoke("eve", "demo", _ADA)


ACTIONS = (add_people, sign_in_and_out, lose_a_role)
