"""The API on the network: uvicorn in a thread, on a socket that is bound first, so that its port is known."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from fastapi import FastAPI

from api.address import Network
from api.front.connections import Connections
from api.front.limits import Limits
from api.front.listener import BoundedServer
from core.errors import BadInput

_REQUESTS_END_SECONDS = 5
"""How long requests under way may go on when it stops."""
_STOPS_SECONDS = 10.0
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a server that listens everywhere is reached


class Server:
    """Serves one application until it is stopped. A context manager too."""

    def __init__(
        self,
        app: FastAPI,
        *,
        host: str,
        port: int,
        tls_cert: Path | None = None,
        tls_key: Path | None = None,
        limits: Limits | None = None,
        proxies: Sequence[Network] = (),
    ) -> None:
        """Bind *host* and *port*, where 0 takes a free one; with the files of a certificate, serve TLS alone.

        *limits* bound what strangers may take (see `limits_for`); *proxies* stand for many people, and are not held to
        one address's share. Raises BadInput if that can't be done.
        """
        self._tls = _check_tls(tls_cert, tls_key)
        self._host, self._socket = host, _bind(host, port)
        self.port = int(self._socket.getsockname()[1])
        bounds = limits or Limits()
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_keep_alive=round(bounds.idle_seconds),
            proxy_headers=False,
            timeout_graceful_shutdown=_REQUESTS_END_SECONDS,
            ssl_certfile=tls_cert,
            ssl_keyfile=tls_key,
        )
        # uvloop's clock is the monotonic one, too.
        self._server = BoundedServer(config, Connections(bounds, time.monotonic, proxies))
        sockets = [self._socket]
        self._thread = threading.Thread(target=self._server.run, args=(sockets,), name="api", daemon=True)

    @property
    def url(self) -> str:
        """Where it is reached from this machine: `http://127.0.0.1:8484`, or `https://…` with a certificate."""
        host = _ANY_ADDRESS.get(self._host, self._host)
        scheme = "https" if self._tls else "http"
        return f"{scheme}://[{host}]:{self.port}" if ":" in host else f"{scheme}://{host}:{self.port}"

    def start(self) -> None:
        """Begin to answer. Who connects meanwhile waits and is answered."""
        self._thread.start()

    def stop(self) -> None:
        """Let requests under way end, for a few seconds, and give the port back."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(_STOPS_SECONDS)
        self._socket.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _check_tls(cert: Path | None, key: Path | None) -> bool:
    """True if TLS is to be served, and can be. Raises BadInput."""
    if cert is None and key is None:
        return False
    if cert is None or key is None:
        missing = "FLEETMEND_TLS_CERT" if cert is None else "FLEETMEND_TLS_KEY"
        raise BadInput("a certificate and its key go together: set both, or neither", key=missing)
    for file, name in ((cert, "FLEETMEND_TLS_CERT"), (key, "FLEETMEND_TLS_KEY")):
        try:
            file.read_bytes()
        except OSError as error:
            raise BadInput(f"it can't be read: {error.strerror or error}", file=file, key=name) from None
    try:
        # Without a password of ours, OpenSSL would ask on the terminal for that of a locked key.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except ssl.SSLError as error:
        mismatch = "it is not the key of this certificate" if "MISMATCH" in str(error.reason) else None
        problem = mismatch or "this certificate and key don't hold: PEM files are needed, the key without a passphrase"
        raise BadInput(problem, file=key, key="FLEETMEND_TLS_KEY") from None
    return True


def _bind(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        bound = socket.create_server((host, port), family=family, backlog=2048)
        # Connections inherit it. asyncio would set it, but only for sockets that name their protocol, as this one does
        # not; without it the kernel keeps an answer's body back until its head is acknowledged, 40 ms later.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return bound
    except OSError as error:
        problem = f"can't listen on {host}:{port}: {error.strerror or error}; set FLEETMEND_HOST or FLEETMEND_PORT"
        raise BadInput(problem, key="FLEETMEND_PORT") from None
