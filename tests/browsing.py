"""A browser for tests, as far as our pages need one: it keeps cookies, and says where its requests come from."""

from __future__ import annotations

import re
from typing import Any

import httpx
from fastapi import FastAPI

from api.in_process import InProcess
from tests.world import House

FORM_SECRET = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser:
    """Somebody in front of *app*, at *address*, who reached it at *url*."""

    def __init__(self, app: FastAPI, house: House, url: str = "http://fleetmend", address: str = "192.0.2.1") -> None:
        self.url = url
        transport = InProcess(app, house.loop)
        transport._app = httpx.ASGITransport(app, client=(address, 40000))
        self.http = httpx.Client(transport=transport, base_url=url)

    def see(self, path: str, status: int = 200) -> str:
        """The page at *path*."""
        answer = self.http.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def send(self, path: str, origin: str | None = "", **form: Any) -> httpx.Response:
        """Send a form from our own page, or from *origin*, with the secret of the page that was seen last."""
        headers = {} if origin is None else {"Origin": origin or self.url}
        return self.http.post(path, data=form, headers=headers)

    def secret(self, path: str) -> str:
        """The secret of the first form on the page at *path*."""
        found = FORM_SECRET.search(self.see(path))
        assert found is not None
        return found[1]

    def sign_in(self, name: str, password: str, then: str = "/") -> httpx.Response:
        """Fill in the form and send it."""
        return self.send("/sign-in", name=name, password=password, next=then, csrf_token=self.secret("/sign-in"))
