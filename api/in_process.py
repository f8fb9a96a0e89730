"""The API without a server: a synchronous client whose requests are answered in this very process."""

from __future__ import annotations

import anyio
import httpx
from fastapi import FastAPI

from api.app import create_app
from core.settings import Settings
from loop.wiring import Loop, wire


def client(settings: Settings, person: str) -> httpx.Client:
    """A client for the local state; every act is *person*'s, and no token is needed.

    Nothing is advanced here: what is started is taken on by the `fleetmend up` on the same state, or by the workers on
    the same database, within a second.
    Closing the client gives the database back. Raises BadInput for content or settings that don't fit.
    """
    doorbell = None
    if settings.broker_url:
        from loop.celery_app import doorbell_of  # noqa: PLC0415 - Celery is slow to import, and most have no broker

        doorbell = doorbell_of(settings)
    return client_of(wire(settings, doorbell=doorbell), person)


def client_of(loop: Loop, person: str) -> httpx.Client:
    """A client for a *loop* that is there already; closing it closes the loop."""
    return httpx.Client(transport=InProcess(create_app(loop, person=person), loop), base_url="http://fleetmend")


class InProcess(httpx.BaseTransport):
    """Answers each request by running the application until it has answered."""

    def __init__(self, app: FastAPI, loop: Loop) -> None:
        self._app, self._loop = httpx.ASGITransport(app), loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer *request*."""
        request.read()  # so that its body can be read asynchronously too
        return anyio.run(self._answer, request)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._app.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

    def close(self) -> None:
        """Give the database back."""
        self._loop.close()
