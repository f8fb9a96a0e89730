"""What every request passes: bounds on its body, and a last net for our own faults."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import FAULT, TOO_LARGE, UNREADABLE, answer, answer_error
from core.errors import Retryable, passing

log = logging.getLogger(__name__)

LARGEST_BODY = 1_000_000
"""Bytes."""
_HEADERS = {
    # What a host said about itself comes back as data, whatever it looks like.
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
}
_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""What a browser may load for an answer that says nothing else of it: nothing."""
_TLS_ALONE = "max-age=31536000"


class Border:
    """The outermost layer: sets headers, and answers a fault of ours in one line instead of dropping the connection."""

    def __init__(self, app: ASGIApp, *, headers: Mapping[str, Mapping[str, str]]) -> None:
        """*headers*: path -> further headers of its answers."""
        self._app, self._more = app, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.update(self._more.get(scope.get("path", ""), {}))
                headers.setdefault("Content-Security-Policy", _POLICY)
                if scope.get("scheme") == "https":
                    headers["Strict-Transport-Security"] = _TLS_ALONE
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            return  # whoever sent it has gone, or was sent away: there is nobody to answer
        except Exception as error:
            # The border of the API: whatever it was, it is in the log, and the sender learns that it was not him.
            log.exception("%s %s failed", scope.get("method"), scope.get("path"))
            if started or scope["type"] != "http":
                raise
            if passing(error):
                said = answer_error(Retryable("the machine has no files, memory or threads left; try again"))
            else:
                said = answer(FAULT, "an internal error; see the log")
            await said(scope, receive, send_on)


class BodyBound:
    """Refuses a body that is too large: at once if its length is said, else when it has come to that."""

    def __init__(
        self, app: ASGIApp, own: tuple[str, ...] = (), smaller: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        """What lies below a path of *own* bounds its bodies itself. *smaller*: path -> bytes."""
        self._app, self._own, self._smaller = app, own, smaller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]
        if headers.get("content-encoding", "identity").lower() != "identity":
            # What is packed may be a thousand times larger than it looks.
            await answer(UNREADABLE, "send the body as it is, without Content-Encoding")(scope, receive, send)
            return
        if path.startswith(self._own):
            await self._app(scope, receive, send)
            return
        largest = self._smaller.get(path, LARGEST_BODY)
        words = f"a body has at most {largest} bytes here; send it in several parts"
        said = headers.get("content-length", "0")
        if not said.isdecimal() or int(said) > largest:
            await answer(TOO_LARGE, words)(scope, receive, send)
            return
        size = 0

        async def receive_on() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > largest:
                # FastAPI lets this one through to the handlers while it reads a body.
                raise HTTPException(TOO_LARGE.status, words)
            return message

        await self._app(scope, receive_on, send)
