"""HTTP/1.1 on one connection, bounded: uvicorn's protocol, which has no bounds of its own, with some.

Whatever is read before a request is known to be somebody's is counted, and has its time. Nothing is read ahead of an
application that has not asked for a body yet.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from api.front.connections import Connection, Connections
from api.front.refusals import Refusal, Refused

_VERSIONS = frozenset({"1.0", "1.1"})
_BLANK = 1_024
"""Bytes of line ends before a request."""
_LINGER = 4_000_000
"""Bytes that are thrown away at most behind a refusal."""


class _Part(Enum):
    """What the connection is at."""

    HEAD = auto()
    BODY = auto()
    ANSWER = auto()


class BoundedHttp(HttpToolsProtocol):
    """One connection's protocol; a `Speaker`."""

    def __init__(
        self, config: Config, state: ServerState, loop: asyncio.AbstractEventLoop, one: Connection, all_: Connections
    ) -> None:
        super().__init__(config, state, {}, loop)
        self._connection, self._all, self._limits = one, all_, all_.limits
        self._part, self._begun, self._doomed = _Part.HEAD, False, False
        self._until = loop.time() + self._limits.head_seconds
        self._raw = self._head = self._body = self._hosts = self._thrown = 0
        self._coded = False
        self._unread_since = math.inf

    @property
    def waits(self) -> bool:
        """True if nothing is at work for it."""
        return self._part is _Part.HEAD and (self.cycle is None or self.cycle.response_complete) and not self.unread

    @property
    def unread(self) -> int:
        """Bytes of answers that the other end has not taken yet."""
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    def look(self, now: float, passed: float) -> None:
        """End it if something took too long."""
        if not self.unread:
            self._unread_since = math.inf
        elif self._unread_since == math.inf:
            self._unread_since = now
        elif now - self._unread_since > self._limits.unread_seconds:
            self.abort()
            return
        if self.flow.read_paused and not self._doomed:
            self._until += passed  # it is we who do not read
        elif now > self._until:
            if self._doomed or self._has_said() or (self._part is _Part.HEAD and not self._begun):
                self.abort()
            else:
                self._refuse(Refusal.SLOW)

    def abort(self) -> None:
        """End it at once."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._connection.speaker = self
        if self._connection.leaving:
            transport.abort()  # type: ignore[attr-defined]

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.gone(self._connection)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._doomed:
            self._thrown += len(data)
            if self._thrown > _LINGER:
                self.abort()
            return
        self._unset_keepalive_if_required()
        self._raw += len(data)
        try:
            self.parser.feed_data(data)
            self._check_raw()
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            self._refuse(cause.refusal if isinstance(cause, Refused) else Refusal.UNREADABLE)
        except httptools.HttpParserError:
            self._refuse(Refusal.UNREADABLE)
        except httptools.HttpParserUpgrade:
            self._last_request()  # no other protocol is spoken here; what follows may be of one
        except Refused as refused:
            self._refuse(refused.refusal)
        else:
            cycle = self.cycle
            if self._part is _Part.BODY and cycle.body and not cycle.response_complete:
                self.flow.pause_reading()  # until the application asks for more

    def pause_writing(self) -> None:
        super().pause_writing()
        self._all.answers_pile_up()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._part, self._begun = _Part.HEAD, True
        self._raw = self._head = self._body = self._hosts = 0
        self._coded = False
        self._until = self.loop.time() + self._limits.head_seconds

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._head += len(url)
        if len(self.url) > self._limits.line:
            raise Refused(Refusal.HEAD)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._part is not _Part.HEAD:
            return  # a trailer, of which no proxy in front has taken out what it takes out of headers
        size = len(name) + len(value)
        self._head += size + 4
        limits, headers = self._limits, self.headers
        if size > limits.line or self._head > limits.head or len(headers) >= limits.headers:
            raise Refused(Refusal.HEAD)
        # What uvicorn does, in place of a call to it: this is asked for each header of each request.
        name = name.lower()
        headers.append((name, value))
        if name == b"host":
            self._hosts += 1
        elif name == b"transfer-encoding":
            self._coded = True
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True

    def on_headers_complete(self) -> None:
        version = self.parser.get_http_version()
        # Whatever a proxy in front could read in another way is read in none.
        if version not in _VERSIONS or self._hosts > 1 or (self._coded and version == "1.0"):
            raise Refused(Refusal.UNREADABLE)
        if len(self.pipeline) >= self._limits.pipelined:
            raise Refused(Refusal.PIPELINE)
        super().on_headers_complete()
        self._part, self._raw = _Part.BODY, 0
        self._until = self.loop.time() + self._limits.body_seconds

    def on_body(self, body: bytes) -> None:
        size = len(body)
        self._body += size
        cycle = self.cycle
        if not cycle.response_complete:
            if not self._all.hold(size):
                raise Refused(Refusal.BODIES)
            cycle.held = getattr(cycle, "held", 0) + size  # type: ignore[attr-defined]
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._begun, self._raw = False, 0
        if self.cycle.response_complete:
            self._part, self._until = _Part.HEAD, self.loop.time() + self._limits.idle_seconds
        else:
            self._part, self._until = _Part.ANSWER, math.inf

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._doomed:
            self.transport.close()
        elif self.cycle.response_complete:  # none waits behind it
            now = self._connection.since = self.loop.time()
            if self._part is _Part.ANSWER:
                self._part, self._until = _Part.HEAD, now + self._limits.idle_seconds
            elif self._part is _Part.BODY:
                self._until = now + self._limits.linger_seconds

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Callable[..., Any]) -> None:
        task = self.loop.create_task(cycle.run_asgi(app))
        self.tasks.add(task)
        task.add_done_callback(lambda done: self._ended(done, cycle))

    def _ended(self, task: asyncio.Task[None], cycle: RequestResponseCycle) -> None:
        """What it was sent is held until it has ended, even if whoever sent it has gone."""
        self.tasks.discard(task)
        self._all.release(getattr(cycle, "held", 0))

    def _check_raw(self) -> None:
        """Raise Refused for more than a head, or the frames of a body, may take."""
        if self._part is _Part.HEAD:
            if self._raw > (self._limits.head if self._begun else _BLANK):
                raise Refused(Refusal.HEAD if self._begun else Refusal.UNREADABLE)
        elif self._part is _Part.BODY and self._raw - self._body > self._limits.chunk_overhead + 8 * self._body:
            raise Refused(Refusal.CHUNKS)

    def _has_said(self) -> bool:
        """True if the answer to what is being read has begun, or is over, so that nothing else can be said here."""
        return self._part is _Part.BODY and self.cycle.response_started

    def _last_request(self) -> None:
        """Answer what came so far, and nothing behind it."""
        self._doomed = True
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def _refuse(self, refusal: Refusal) -> None:
        """Say why, unless something else is being said, and end the connection once it was read."""
        cycle = self.cycle
        self._doomed, self._until = True, self.loop.time() + self._limits.linger_seconds
        if self.transport.is_closing():
            return
        if self.pipeline or (self._part is not _Part.BODY and cycle is not None and not cycle.response_complete):
            # An earlier request is being answered: that goes on, and is the last.
            self.pipeline.clear()
            self._until = math.inf
            self.flow.pause_reading()
            return
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        if self._has_said():
            self.abort()
            return
        self.flow.resume_reading()
        self.transport.write(refusal.wire)
        # Ending it with something unread would have the other end lose the answer.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()
