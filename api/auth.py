"""Who acts: a token's person, a session's, or the person who owns the state folder. Asked before anything is read.

Everything is closed but the paths that are named as open, so that a route which somebody adds is closed too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.address import address_of
from api.cookies import SESSION, given, over_tls
from api.forgery import given_secret, same, same_origin
from api.problems import FORGED, UNAUTHORIZED, answer, answer_error
from api.refusals import Kind, Refusals
from core.errors import Retryable
from core.people import Access
from store.sessions import Session
from store.store import Store

_LONGEST_TOKEN = 200
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Actor(NamedTuple):
    """Whoever sent a request; `session` is set if it came with a session's cookie."""

    access: Access
    session: Session | None = None

    @property
    def by(self) -> str:
        """How acts are signed."""
        return self.access.by

    @property
    def source(self) -> str:
        """How detections are signed; no sender can say it otherwise."""
        return f"api:{self.access.person}"


class Doors(NamedTuple):
    """Which paths are open, which ask for secrets of their own, and which are pages, where a browser can sign in."""

    open: frozenset[str]
    self_authenticated: tuple[str, ...]
    is_page: Callable[[str], bool]
    sign_in: str

    def lets_by(self, path: str) -> bool:
        """True if nobody is asked who he is here."""
        return path in self.open or path.startswith(self.self_authenticated)


class Authentication:
    """Lets a request in and notes its actor, or answers 401; a browser that wants a page is sent to sign in."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        store: Store,
        refusals: Refusals,
        doors: Doors,
        person: str | None,
        public_url: str | None,
    ) -> None:
        """A token is looked up by its digest, which takes the same time for every wrong one. See `create_app`."""
        self._app, self._store, self._refusals, self._doors = app, store, refusals, doors
        self._owner = None if person is None else Actor(Access.owner(person))
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if scope["type"] == "lifespan" or self._doors.lets_by(scope.get("path", "")):
            await self._app(scope, receive, send)
            return
        try:
            if self._refusals.overdue:
                await run_in_threadpool(self._refusals.tell_overdue)
            actor = self._owner or await self._actor(scope)
            if actor is None:
                await (await self._stranger(scope))(scope, receive, send)
                return
            if actor.session is not None and scope["method"] not in _SAFE:
                secret, receive = await given_secret(scope, receive)
                if not (same_origin(scope, self._public_url) and same(secret, actor.session.csrf)):
                    await (await self._forged(scope, actor))(scope, receive, send)
                    return
        except Retryable as error:
            await answer_error(error)(scope, receive, send)
            return
        scope.setdefault("state", {})["actor"] = actor
        await self._app(scope, receive, send)

    async def _actor(self, scope: Scope) -> Actor | None:
        headers = Headers(scope=scope)
        said = headers.getlist("authorization")
        if said:
            access = await self._owner_of(said)
            return None if access is None else Actor(access)
        secret = given(HTTPConnection(scope), SESSION, secure=over_tls(scope, self._public_url))
        if not secret or len(secret) > _LONGEST_TOKEN:
            return None
        session = await run_in_threadpool(self._store.sessions.of, secret)
        return None if session is None else Actor(session.access, session)

    async def _owner_of(self, said: list[str]) -> Access | None:
        """The access of a bearer token. One that was looked up a moment ago is not waited for."""
        scheme, _, token = said[0].partition(" ")
        if len(said) != 1 or scheme.lower() != "bearer" or not 0 < len(token) <= _LONGEST_TOKEN:
            return None
        tokens = self._store.tokens
        return tokens.owner_lately(token) or await run_in_threadpool(tokens.owner, token)

    async def _stranger(self, scope: Scope) -> Response:
        path = scope["path"]
        if self._doors.is_page(path):
            query = f"?next={quote(path)}" if scope["method"] in _SAFE and path != "/" else ""
            return RedirectResponse(self._doors.sign_in + query, 303)
        detail = "send a token that is in force, as `Authorization: Bearer <token>`"
        await self._tell(Kind.TOKEN, scope, "no token or session that is in force")
        return answer(UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})

    async def _forged(self, scope: Scope, actor: Actor) -> Response:
        await self._tell(Kind.FORGED, scope, "it did not come from a page of ours", actor.by)
        return answer(FORGED, "send it from fleetmend's own page, with the session's X-CSRF-Token; reload the page")

    async def _tell(self, kind: Kind, scope: Scope, reason: str, actor: str = "somebody") -> None:
        # A stranger chooses the path: it would be another entry each time.
        path = "" if kind is Kind.TOKEN else scope["path"]
        address = address_of(scope)
        await run_in_threadpool(lambda: self._refusals.tell(kind, address, reason=reason, path=path, actor=actor))
