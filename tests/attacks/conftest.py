"""Servers to be attacked: on the loopback, with bounds that are reached soon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from fastapi import FastAPI, Request, Response

from api.front.limits import Limits
from api.server import Server

Serve = Callable[..., Server]


def small_app() -> FastAPI:
    """It echoes, answers before it reads, answers much, and never answers."""
    app = FastAPI()

    @app.post("/echo")
    async def echo(request: Request) -> Response:
        return Response(await request.body(), headers={"x-names": ",".join(sorted(request.headers))})

    @app.post("/closed")
    async def closed() -> Response:
        return Response(status_code=401)

    @app.get("/much")
    async def much() -> Response:
        return Response(b"m" * 2_000_000)

    return app


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server with the given limits."""
    with ExitStack() as house:
        yield lambda **limits: house.enter_context(
            Server(small_app(), host="127.0.0.1", port=0, limits=Limits(**limits))
        )
