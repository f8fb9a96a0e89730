"""What is asked before a body is read, and how much people may have at work at once."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.front.bytes_held import BodyTooLarge, BytesHeld, read_body
from api.front.limits import limits_for
from api.refusals import EVERY, Kind
from api.slots import Slots
from core.errors import Retryable, TooMany
from tests.api_client import Api, open_api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with open_api(tmp_path, mode="approve") as opened:
        yield opened


def test_of_a_plan_one_preview_is_at_work_and_few_in_all(api: Api) -> None:
    incidents = [api.report(host=host) for host in ("h1", "h2", "h3")]
    at_work, go_on = threading.Semaphore(0), threading.Event()
    world = api.house.world
    preview = world.preview

    def slow(*arguments: object, **more: object) -> object:
        at_work.release()
        assert go_on.wait(30)
        return preview(*arguments, **more)  # type: ignore[arg-type]

    world.preview = slow  # type: ignore[method-assign, assignment]
    answered: list[int] = []
    threads = [threading.Thread(target=lambda one=one: answered.append(_ask(api, one))) for one in incidents[:2]]
    for thread in threads:
        thread.start()
        at_work.acquire()
    for incident in (incidents[0], incidents[2]):
        answer = api.http.get(f"/api/v1/incidents/{incident}/preview")
        assert (answer.status_code, answer.json()["type"]) == (429, "urn:fleetmend:too-many")
        assert int(answer.headers["retry-after"]) > 0
    go_on.set()
    for thread in threads:
        thread.join()
    assert answered == [200, 200]
    assert _ask(api, incidents[2]) == 200


def _ask(api: Api, incident: str) -> int:
    return api.http.get(f"/api/v1/incidents/{incident}/preview").status_code


def test_a_slot_is_given_back_after_an_error() -> None:
    slots = Slots(1)
    with pytest.raises(ValueError, match="no"), slots.taken("a"):
        raise ValueError("no")
    with slots.taken("b"), pytest.raises(TooMany), slots.taken("c"):
        pass


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, identity"])
def test_a_packed_body_is_not_unpacked(api: Api, coding: str) -> None:
    for path in ("/detections", "/hooks/nobody"):
        answer = api.http.post(f"/api/v1{path}", content=b"x", headers={"Content-Encoding": coding})
        assert (answer.status_code, answer.json()["type"]) == (415, "urn:fleetmend:unreadable")


def test_a_form_to_sign_in_with_is_small(api: Api) -> None:
    with api.without_token() as nobody:
        form = {"name": "a" * 70_000, "password": "b"}
        assert nobody.post("/sign-in", data=form).status_code == 413


@pytest.mark.anyio
async def test_bodies_of_strangers_are_bounded_each_and_together() -> None:
    async def body() -> object:
        for _ in range(3):
            yield b"abc"

    held = BytesHeld(10)
    with held.some() as first:
        assert await read_body(body(), 9, first) == b"abcabcabc"  # type: ignore[arg-type]
        with pytest.raises(Retryable), held.some() as second:
            await read_body(body(), 9, second)  # type: ignore[arg-type]
    with held.some() as third, pytest.raises(BodyTooLarge):
        await read_body(body(), 8, third)  # type: ignore[arg-type]
    with held.some() as last:
        assert await read_body(body(), 9, last) == b"abcabcabc"  # type: ignore[arg-type]


@pytest.mark.parametrize(("files", "connections"), [(1_024, 300), (4_096, 500), (256, 16)])
def test_connections_leave_the_loop_its_descriptors(
    files: int, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (files, files))
    limits = limits_for(500, 8)
    assert connections <= limits.connections <= 500
    assert limits.connections <= max(16, limits.top_descriptor)
    assert files < 1_024 or files - limits.top_descriptor >= 378 + 24 * 8


def test_refusals_are_overdue_while_others_are_told(api: Api) -> None:
    refusals = api.app.state.refusals
    over = threading.Event()

    def tell() -> None:
        number = 0
        while not over.is_set():
            refusals.tell(Kind.TOKEN, f"10.0.0.{number % 250}", reason="no", path="")
            number += 1

    telling = threading.Thread(target=tell)
    telling.start()
    for number in range(5_000):
        assert refusals.overdue in {True, False}
        if number % 50 == 0:
            api.house.clock.advance(EVERY)
    over.set()
    telling.join()
