"""A client that says whatever it is told to, byte by byte: what no HTTP library would send."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator

PATIENCE_SECONDS = 20.0


class Raw:
    """One connection to a server on this machine."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)

    def say(self, data: bytes) -> None:
        """Send *data*, or as much as the other end takes before it ends the connection."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def rest(self) -> bytes:
        """All that comes until the other end closes."""
        said = b""
        with contextlib.suppress(ConnectionError):
            while part := self.socket.recv(65_536):
                said += part
        return said

    def statuses(self) -> list[int]:
        """The statuses of the answers until the other end closes."""
        return statuses_in(self.rest())

    def answer(self) -> int:
        """The status of the next answer, of which no more than one may come."""
        said = b""
        while b"\r\n\r\n" not in said:
            part = self.socket.recv(65_536)
            assert part, f"it was closed after {said!r}"
            said += part
        return statuses_in(said)[0]

    def close(self) -> None:
        self.socket.close()


def statuses_in(said: bytes) -> list[int]:
    """The statuses of the answers in *said*."""
    return [int(one) for one in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


@contextlib.contextmanager
def raw(port: int) -> Iterator[Raw]:
    """A connection until the block ends."""
    client = Raw(port)
    try:
        yield client
    finally:
        client.close()
