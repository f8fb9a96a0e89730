"""Who acts: the owner of a bearer token, or the person who owns the state folder. Asked before anything is read.

Everything is closed but the paths that are named as open, so that a route which somebody adds is closed too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import UNAUTHORIZED, answer, answer_error
from core.errors import Retryable
from core.people import Access

_LONGEST_TOKEN = 200


class Actor(NamedTuple):
    """Whoever sent a request."""

    access: Access

    @property
    def by(self) -> str:
        """How acts are signed."""
        return self.access.by

    @property
    def source(self) -> str:
        """How detections are signed; no sender can say it otherwise."""
        return f"api:{self.access.person}"


class Authentication:
    """Lets a request in and notes its actor, or answers 401."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        owner: Callable[[str], Access | None],
        owner_lately: Callable[[str], Access | None],
        person: str | None,
        open_paths: frozenset[str],
        self_authenticated: tuple[str, ...] = (),
    ) -> None:
        """*owner* looks a token up by its digest, which takes the same time for every wrong one. See `create_app`.

        *owner_lately* is asked first: it knows who was looked up a moment ago, without waiting for anything.
        """
        self._app, self._owner, self._lately = app, owner, owner_lately
        self._owner_access = None if person is None else Access.owner(person)
        self._open, self._self_authenticated = open_paths, self_authenticated

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        path = scope.get("path", "")
        if scope["type"] == "lifespan" or path in self._open or path.startswith(self._self_authenticated):
            await self._app(scope, receive, send)
            return
        try:
            access = self._owner_access or await self._owner_of(Headers(scope=scope))
        except Retryable as error:
            await answer_error(error)(scope, receive, send)
            return
        if access is None:
            detail = "send a token that is in force, as `Authorization: Bearer <token>`"
            refusal = answer(UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})
            await refusal(scope, receive, send)
            return
        scope.setdefault("state", {})["actor"] = Actor(access)
        await self._app(scope, receive, send)

    async def _owner_of(self, headers: Headers) -> Access | None:
        given = headers.getlist("authorization")
        if len(given) != 1:
            return None
        scheme, _, token = given[0].partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= _LONGEST_TOKEN:
            return None
        return self._lately(token) or await run_in_threadpool(self._owner, token)
