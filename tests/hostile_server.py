"""A web server that does to whoever calls it what a bad one can do: redirect, dribble, go on for ever, send bombs."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_DRIBBLE_SECONDS = 0.02
_BOMB = gzip.compress(b"[" + b"0," * 5_000_000 + b"0]")


@dataclass
class HostileServer:
    """What was asked of it, by path. `mode` is what it does next."""

    mode: str = "plain"
    port: int = 0
    asked: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, connection: socket.socket) -> None:
        """Take one request, and answer as `mode` says."""
        with connection, suppress(OSError):
            path = connection.recv(65536).split(b" ")[1].decode()
            self.asked.append(path)
            if path == "/elsewhere":
                connection.sendall(_head(b"2") + b"{}")
            else:
                getattr(self, f"_{self.mode}")(connection)

    def _plain(self, connection: socket.socket) -> None:
        connection.sendall(_head(b"11") + b'{"ok":true}')

    def _redirect(self, connection: socket.socket) -> None:
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )

    def _dribbled_head(self, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not self.over.wait(_DRIBBLE_SECONDS):
            connection.sendall(b"X-More: x\r\n")

    def _dribbled_body(self, connection: socket.socket) -> None:
        connection.sendall(_head(b"100000000"))
        while not self.over.wait(_DRIBBLE_SECONDS):
            connection.sendall(b" ")

    def _endless(self, connection: socket.socket) -> None:
        connection.sendall(_head(b"100000000000"))
        while not self.over.is_set():
            connection.sendall(b" " * 65536)

    def _bomb(self, connection: socket.socket) -> None:
        connection.sendall(_head(str(len(_BOMB)).encode(), b"Content-Encoding: gzip\r\n") + _BOMB)

    def _silent(self, connection: socket.socket) -> None:
        self.over.wait()


MODES = ("redirect", "dribbled_head", "dribbled_body", "endless", "bomb", "silent")


def _head(length: bytes, more: bytes = b"") -> bytes:
    kind = b"Content-Type: application/json\r\n"
    return b"HTTP/1.1 200 OK\r\n" + kind + more + b"Content-Length: " + length + b"\r\nConnection: close\r\n\r\n"


@contextmanager
def hostile_server() -> Iterator[HostileServer]:
    """The server, on a port of its own."""
    server = HostileServer()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.port = listening.getsockname()[1]

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(target=server.answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server
        server.over.set()
        listening.shutdown(socket.SHUT_RDWR)
