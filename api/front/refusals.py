"""What is answered to a request that never reaches the application: short, and made beforehand."""

from __future__ import annotations

from enum import Enum

from api.problems import BUSY, HEAD_TOO_LARGE, MALFORMED, SLOW, Kind, answer


class Refusal(Enum):
    """Why a connection is not served any further: the kind of problem, and what to do about it."""

    UNREADABLE = (MALFORMED, "this is no HTTP/1.1 or HTTP/1.0 request that can be read in just one way")
    HEAD = (HEAD_TOO_LARGE, "a request's target and headers are too long or too many; see docs/howto/harden.md")
    SLOW = (SLOW, "the request did not come in time; send it again over a better connection")
    CHUNKS = (MALFORMED, "the body's chunks hold far more than the body")
    PIPELINE = (BUSY, "too many requests wait on this connection; read the answers first")
    BODIES = (BUSY, "too many bytes are being read from all connections together; send it again")
    CONNECTIONS = (BUSY, "too many connections are open; send it again")

    def __init__(self, kind: Kind, detail: str) -> None:
        said = answer(kind, detail)
        phrase = kind.title.encode()
        lines = [b"HTTP/1.1 %d %s" % (kind.status, phrase), b"content-type: application/problem+json"]
        lines += [b"content-length: %d" % len(said.body), b"connection: close", b"cache-control: no-store"]
        if kind is BUSY:
            lines.append(b"retry-after: 1")
        self.wire = b"\r\n".join([*lines, b"", b""]) + bytes(said.body)


class Refused(Exception):
    """A request goes beyond what may be."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal
