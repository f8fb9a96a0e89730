"""Accepts connections: each is counted before anything is read or agreed upon, TLS included."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from typing import Any

import uvicorn

from api.front.connections import Connection, Connections
from api.front.protocol import BoundedHttp
from api.front.refusals import Refusal

log = logging.getLogger(__name__)

_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_NO_ROOM_SECONDS = 0.05
_LOOKS_EVERY_TICKS = 10
"""uvicorn ticks ten times a second."""


class Listener:
    """Accepts on one socket. It stands where uvicorn has a server of asyncio's."""

    def __init__(self, sock: socket.socket, server: BoundedServer, connections: Connections) -> None:
        sock.setblocking(False)
        self._socket, self._server, self._connections = sock, server, connections
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        self._accepting = self._loop.create_task(self._accept())

    def close(self) -> None:
        """Accept no more."""
        self._accepting.cancel()

    async def wait_closed(self) -> None:
        """Wait until nothing is accepted any more."""
        await asyncio.gather(self._accepting, *self._opening, return_exceptions=True)

    async def _accept(self) -> None:
        while True:
            try:
                sock, peer = await self._loop.sock_accept(self._socket)
            except OSError as error:
                if error.errno in _NO_ROOM:
                    self._connections.make_room()
                    await asyncio.sleep(_NO_ROOM_SECONDS)
                continue
            one = self._connections.take(sock, str(peer[0]))
            if one is None:
                self._turn_away(sock)
            else:
                task = self._loop.create_task(self._open(sock, one))
                self._opening.add(task)
                task.add_done_callback(self._opening.discard)
            await asyncio.sleep(0)  # one that is accepted at once would leave no time for those that are there

    def _turn_away(self, sock: socket.socket) -> None:
        if self._server.config.ssl is None:
            with contextlib.suppress(OSError):
                sock.send(Refusal.CONNECTIONS.wire)
        sock.close()

    async def _open(self, sock: socket.socket, one: Connection) -> None:
        config, limits = self._server.config, self._connections.limits
        given: dict[str, Any] = {}
        if config.ssl is not None:
            given = {
                "ssl": config.ssl,
                "ssl_handshake_timeout": limits.handshake_seconds,
                "ssl_shutdown_timeout": limits.linger_seconds,
            }
        try:
            await self._loop.connect_accepted_socket(
                lambda: BoundedHttp(config, self._server.server_state, self._loop, one, self._connections),
                sock,
                **given,
            )
        except (OSError, ssl.SSLError, asyncio.CancelledError, ConnectionError) as error:
            log.debug("a connection was not made: %r", error)
            self._connections.gone(one)
            with contextlib.suppress(OSError):
                sock.close()


class BoundedServer(uvicorn.Server):
    """uvicorn's server over a listener of ours."""

    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self._connections = connections

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept on *sockets*."""
        await self.lifespan.startup()
        self.servers = [Listener(sock, self, self._connections) for sock in sockets or []]  # type: ignore[misc]
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        """Look after connections, once a second."""
        if counter % _LOOKS_EVERY_TICKS == 0:
            self._connections.look()
        return await super().on_tick(counter)
