"""The API without a server, as the command line uses it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from api.in_process import client, client_of
from core.errors import BadInput
from core.settings import Settings
from tests.world import AUTO, open_house, write_content


def test_a_client_of_the_local_state(tmp_path: Path) -> None:
    write_content(tmp_path / "content", **AUTO)
    settings = Settings(content=tmp_path / "content", state=tmp_path / "state")
    with client(settings, "ann") as http:
        assert http.put("/api/v1/pauses/*", json={"reason": "to look"}).json()["by"] == "person:ann"
        assert [one["name"] for one in http.get("/api/v1/fleets").json()] == ["demo"]
    with client(settings, "bob") as http:
        assert [one["by"] for one in http.get("/api/v1/pauses").json()] == ["person:ann"]


def test_a_state_that_can_not_be_used_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(BadInput, match="FLEETMEND_STATE"):
        client(Settings(content=tmp_path, state=tmp_path / "state"), "ann")


def test_threads_may_share_a_client(tmp_path: Path) -> None:
    statuses: list[int] = []
    with open_house(tmp_path) as house, client_of(house.loop, "ann") as http:

        def ask() -> None:
            statuses.append(http.get("/api/v1/incidents").status_code)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == [200] * 8


def test_bodies_arrive_however_they_are_given(tmp_path: Path) -> None:
    with open_house(tmp_path) as house, client_of(house.loop, "ann") as http:
        headers = {"Content-Type": "application/json"}
        for content in (b'{"reason":"x"}', iter([b'{"reason"', b':"x"}'])):
            assert http.put("/api/v1/pauses/demo", content=content, headers=headers).status_code == 200
