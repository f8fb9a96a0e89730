"""Asks URLs and ports from the controller: what the host's users see, whatever the host says of itself.

Everything that can go wrong with the other side is a sample, never an exception. Border: no name, cookie, credential or
redirect of the other side is followed or kept, and what it answers is read (64 KiB at most) and dropped.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import httpx

from core.fleets import Host
from core.model import Scalar
from core.samples import Sample
from monitor.entries.outside import HttpEntry, TcpEntry
from monitor.entries.reading import read_entries
from monitor.readings import ok_sample
from outgoing.clients import async_client

AT_ONCE = 50
"""Checks that are under way at the same time."""
BODY = 64 * 1024
"""Bytes of a body that are read at most."""


_Check = Callable[[httpx.AsyncClient], Coroutine[Any, Any, list[Sample]]]


class ControllerProbes:
    """The `http` and `tcp` probes. A check takes its entry's timeout at most, by the wall clock."""

    def measure(self, wanted: Sequence[tuple[Host, str]], at: datetime) -> tuple[Sample, ...]:
        """The samples of each (host, probe), and its `probe.ok`. Call it outside of an event loop."""
        oks: list[Sample] = []
        checks: list[_Check] = []
        for host, probe in wanted:
            if probe == "http":
                urls, problems = read_entries(host, "fleetmend_http", HttpEntry)
                checks += [partial(_http, host, key, entry, at) for key, entry in urls.items()]
            else:
                ports, problems = read_entries(host, "fleetmend_tcp", TcpEntry)
                checks += [partial(_tcp, host, key, entry, at) for key, entry in ports.items()]
            oks.append(ok_sample(host.name, probe, problems, at))
        return (*(asyncio.run(_all(checks)) if checks else ()), *oks)


async def _all(checks: list[_Check]) -> list[Sample]:
    room = asyncio.Semaphore(AT_ONCE)
    async with async_client(connections=AT_ONCE) as client:

        async def one(check: _Check) -> list[Sample]:
            async with room:
                return await check(client)

        return [sample for samples in await asyncio.gather(*map(one, checks)) for sample in samples]


async def _http(host: Host, key: str, entry: HttpEntry, at: datetime, client: httpx.AsyncClient) -> list[Sample]:
    expected = (entry.status,) if isinstance(entry.status, int) else entry.status
    evidence: dict[str, Scalar] = {"expected": " ".join(map(str, expected))}
    began = time.monotonic()
    well = False
    try:
        async with asyncio.timeout(entry.timeout), client.stream("GET", entry.url, timeout=entry.timeout) as response:
            evidence["status"] = response.status_code
            read = 0
            async for chunk in response.aiter_raw():
                read += len(chunk)
                if read >= BODY:
                    break
        well = response.status_code in expected
        if not well:
            evidence["error"] = "status"
    except (TimeoutError, OSError, httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError) as error:
        evidence["error"] = _kind(error)
    seconds = time.monotonic() - began
    service = entry.owner(host, key)

    def sample(name: str, value: float) -> Sample:
        return Sample(
            host=host.name, name=name, subject=key, value=value, at=at, service=service, evidence=dict(evidence)
        )

    samples = [sample("http.ok", float(well))]
    if "status" in evidence or evidence["error"] == "timeout":
        samples.append(sample("http.seconds", seconds))  # a refused connection is quick, and says nothing about speed
    return samples


async def _tcp(host: Host, key: str, entry: TcpEntry, at: datetime, client: httpx.AsyncClient) -> list[Sample]:
    named = host.variables.get("ansible_host")
    address = entry.address or (named if isinstance(named, str) and named else host.name)
    evidence: dict[str, Scalar] = {"address": address, "port": entry.port}
    try:
        async with asyncio.timeout(entry.timeout):
            _, writer = await asyncio.open_connection(address, entry.port)
        writer.transport.abort()
        is_open = True
    except (TimeoutError, OSError, ValueError) as error:
        evidence["error"] = _kind(error)
        is_open = False
    return [
        Sample(
            host=host.name,
            name="tcp.open",
            subject=key,
            value=float(is_open),
            at=at,
            service=entry.owner(host, key),
            evidence=evidence,
        )
    ]


def _kind(error: BaseException) -> str:
    """One of a few words for what went wrong: the other side's own text is not evidence."""
    causes = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    for kind, types in _KINDS:
        if any(isinstance(cause, types) for cause in causes):
            return kind
    return "connection" if isinstance(error, OSError | httpx.TransportError) else "url"


_KINDS: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
    ("timeout", (TimeoutError, httpx.TimeoutException)),
    ("name", (socket.gaierror, UnicodeError)),
    ("tls", (ssl.SSLError,)),
    ("refused", (ConnectionRefusedError,)),
    ("protocol", (httpx.ProtocolError,)),
)
