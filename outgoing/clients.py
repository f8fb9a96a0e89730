"""The one place that makes HTTP clients.

Whatever is called, it may answer slowly, for ever, or with a redirect. So a call has a deadline over all of it, an
answer has a largest size, no redirect is followed, and neither a proxy nor a password comes out of the environment.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from functools import cache

import httpcore
import httpx

from core.messages import Undelivered
from outgoing.addresses import PublicOnly
from outgoing.deadline import within

LARGEST = 1_000_000
"""Bytes of an answer, where nobody says otherwise."""
_GRACE_SECONDS = 1.0
"""A name that is looked up can't be interrupted; it is left behind after that."""


def client(
    seconds: float, *, largest: int = LARGEST, public_only: bool = False, proxy: str | None = None
) -> httpx.Client:
    """A client whose every call takes *seconds* at most, and whose answers have *largest* bytes at most.

    Calls raise httpx.TimeoutException and httpx.ReadError then. *public_only*: it reaches no private address. Not to be
    called from within an event loop's thread.
    """
    transport = Bounded(seconds, largest, public_only=public_only, proxy=proxy)
    return httpx.Client(transport=transport, timeout=seconds, trust_env=False, follow_redirects=False)


def async_client(*, connections: int, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    """A client for many calls at once, whose callers bound time and size themselves (`asyncio.timeout`, `stream`)."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=0)
    return httpx.AsyncClient(
        verify=machines_trust(),
        trust_env=False,
        follow_redirects=False,
        limits=limits,
        headers={"Accept-Encoding": "identity"} | (headers or {}),
    )


@cache
def machines_trust() -> ssl.SSLContext:
    """The machine's own certificate authorities, read once: that takes longer than a call."""
    return ssl.create_default_context()


class Bounded(httpx.BaseTransport):
    """Makes each exchange as a whole, within a deadline over connecting, sending, and every byte of the answer."""

    def __init__(
        self,
        seconds: float,
        largest: int = LARGEST,
        *,
        public_only: bool = False,
        proxy: str | None = None,
        inner: Callable[[], httpx.AsyncBaseTransport] | None = None,
    ) -> None:
        """*inner* makes what sends; tests have another one."""
        self._seconds, self._largest = seconds, largest
        self._inner = inner or (lambda: _transport(public_only=public_only, proxy=proxy))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Exchange *request* for its answer, read to the end."""
        # An event loop of its own, in a thread of its own: only so can everything be given up at the deadline.
        request.read()
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        # What is packed could be a thousand times as large unpacked.
        asked.headers["Accept-Encoding"] = "identity"
        asked.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), self._seconds)
        try:
            return within(self._seconds + _GRACE_SECONDS, lambda: asyncio.run(self._exchange(asked)))
        except (TimeoutError, Undelivered):
            raise httpx.ReadTimeout(f"no answer within {self._seconds:g} seconds", request=request) from None

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        async with asyncio.timeout(self._seconds), self._inner() as transport:
            answer = await transport.handle_async_request(request)
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise httpx.ReadError("the answer is packed, though it was asked for unpacked", request=request)
            stream, body = answer.stream, bytearray()
            if not isinstance(stream, httpx.AsyncByteStream):
                raise TypeError("the transport below is not an asynchronous one")
            async for part in stream:
                body += part
                if len(body) > self._largest:
                    raise httpx.ReadError(f"the answer is longer than {self._largest} bytes", request=request)
            return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(bytes(body)))


def _transport(*, public_only: bool, proxy: str | None) -> httpx.AsyncBaseTransport:
    made = httpx.AsyncHTTPTransport(verify=machines_trust(), trust_env=False, proxy=proxy)
    if public_only and proxy is None:
        # httpx has no argument for it; behind a proxy, it is the proxy that looks names up.
        made._pool = httpcore.AsyncConnectionPool(ssl_context=machines_trust(), network_backend=PublicOnly())
    return made
