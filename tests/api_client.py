"""The API over a small world (see `tests/world.py`), without a server: as somebody with a token, or as its owner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from api.app import BASE, create_app
from api.in_process import InProcess
from core.detections import Signal
from tests.world import House, open_house

DOWN = {"fleet": "demo", "host": "h1", "symptom": "service_down", "subject": "web", "service": "web"}
"""A detection as somebody would send it."""

BEGINNING = ["person.added", "role.granted", "token.made"]
"""Kinds of the first entries of such an API's journal."""


@dataclass
class Api:
    """An application over a house, and a client that sends the token of `ops`."""

    house: House
    app: FastAPI
    token: str
    http: httpx.Client

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        """The decoded answer of a GET below `/api/v1`."""
        return self._decoded(self.http.get(BASE + path, params=query), status)

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        """The decoded answer of a POST."""
        return self._decoded(self.http.post(BASE + path, json=body), status)

    def put(self, path: str, body: Any, status: int = 200) -> Any:
        """The decoded answer of a PUT."""
        return self._decoded(self.http.put(BASE + path, json=body), status)

    def delete(self, path: str, status: int = 204) -> Any:
        """The decoded answer of a DELETE."""
        return self._decoded(self.http.delete(BASE + path), status)

    def without_token(self) -> httpx.Client:
        """A client that is nobody."""
        return client_of(self.app, self.house)

    def report(self, **changes: Any) -> str:
        """Something breaks and is reported; the loop advances as far as it goes now. Returns the incident's id."""
        said = DOWN | changes
        self.house.world.broken.add(Signal(said["host"], said["symptom"], said["subject"]))
        # Somebody else reports it: who reported does not approve.
        with httpx.Client(
            transport=Borrowed(create_app(self.house.loop, person="monitor"), self.house.loop),
            base_url="http://fleetmend",
        ) as monitor:
            [accepted] = self._decoded(monitor.post(BASE + "/detections", json=said), 201)["accepted"]
        self.house.loop.engine.advance(accepted["incident"])
        return str(accepted["incident"])

    @staticmethod
    def _decoded(answer: httpx.Response, status: int) -> Any:
        assert answer.status_code == status, answer.text
        if answer.is_error:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json().keys() == {"type", "title", "status", "detail"}
            assert answer.json()["status"] == status
            assert "\n" not in answer.json()["detail"]
        return answer.json() if answer.content else None


class Borrowed(InProcess):
    """It leaves the loop open, which is somebody else's."""

    def close(self) -> None:
        return


def client_of(app: FastAPI, house: House, token: str | None = None) -> httpx.Client:
    """A client of *app*, in this process."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.Client(transport=InProcess(app, house.loop), base_url="http://fleetmend", headers=headers)


@contextmanager
def open_api(folder: Path, **file: Any) -> Iterator[Api]:
    """An API over the house in *folder*; *file* is the fleet's `fleet.yml`."""
    with open_house(folder, **file) as house:
        app = create_app(house.loop)
        token = house.loop.context.store.tokens.make("ops", "test")
        with client_of(app, house, token) as http:
            yield Api(house, app, token, http)
