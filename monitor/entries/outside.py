"""`fleetmend_http` and `fleetmend_tcp`: what a host's users see of it, asked from the controller."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from monitor.entries.fields import Entry, Port, Seconds


def _url(text: str) -> str:
    parts = urlsplit(text)  # raises ValueError itself, as does the port
    if not parts.hostname or parts.port == 0:
        raise ValueError("it names no host, or port 0")
    return text


Status = Annotated[int, Field(ge=100, le=599)]
Url = Annotated[
    str, StringConstraints(pattern=r"^https?://[^\s\x00-\x1f\x7f]+$", max_length=2000), AfterValidator(_url)
]


class HttpEntry(Entry):
    """One of `fleetmend_http`: a URL that the controller asks, and the status or statuses that are well."""

    url: Url
    status: Status | tuple[Status, ...] = 200
    timeout: Seconds = 5.0


class TcpEntry(Entry):
    """One of `fleetmend_tcp`: a port that the controller connects to, at the host's own address by default."""

    port: Port
    address: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:%\-]{1,253}$")] | None = None
    timeout: Seconds = 5.0
