"""Scrapes node_exporter on many hosts at once, from the controller: no Ansible, no thread for each host.

A page that is too long, too slow or no page is a problem of its host, said in words; it yields no sample.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from core.fleets import Host
from core.samples import Sample
from monitor.entries.metrics import NodeExporterEntry
from monitor.entries.reading import read_entries
from monitor.node_exporter import Cpu, Page, items, read
from monitor.readings import ok_sample

PROBE = "node_exporter"
LARGEST = 4_000_000
"""Bytes of a page. What is longer is cut, and not believed."""
AT_ONCE = 200
_SECOND_LOOK = 1.0
_UNFIT = re.compile(r"[^A-Za-z0-9_./@:\-]")
_HEAD = 32_000


class _Unread(Exception):
    """The message says why, in our words."""


class Scraper:
    """The `node_exporter` probe. Keeps what processors did until the last look; safe between threads."""

    def __init__(self, trust: ssl.SSLContext | None = None) -> None:
        self._trust = trust
        self._cpus: dict[str, Cpu] = {}

    def measure(self, fleet: str, hosts: Sequence[Host], at: datetime) -> list[Sample]:
        """The samples of each host, and its `probe.ok`. Call it outside of an event loop."""
        return asyncio.run(self._all(fleet, hosts, at)) if hosts else []

    async def _all(self, fleet: str, hosts: Sequence[Host], at: datetime) -> list[Sample]:
        room = asyncio.Semaphore(AT_ONCE)
        found = await asyncio.gather(*(self._host(fleet, host, at, room) for host in hosts))
        return [sample for samples in found for sample in samples]

    async def _host(self, fleet: str, host: Host, at: datetime, room: asyncio.Semaphore) -> list[Sample]:
        entries, problems = read_entries(host, "fleetmend_node_exporter", NodeExporterEntry)
        services = _units(host)
        clocks = host.names_in("fleetmend_time")
        samples: dict[tuple[str, str], Sample] = {}
        for entry in entries.values():
            place = f"{fleet}/{host.name}/{entry.page(host)}"
            try:
                async with room:
                    page = await self._page(host, entry)
                if place not in self._cpus and page.cpu is not None:
                    self._cpus[place] = page.cpu
                    await asyncio.sleep(_SECOND_LOOK)  # what a processor does shows between two looks only
                    async with room:
                        page = await self._page(host, entry)
            except _Unread as why:
                problems = (*problems, str(why))
                continue
            for one in items(page, self._cpus.get(place), services, clocks):
                subject = _UNFIT.sub("_", one.subject)[:200]
                service = subject if one.name.startswith("service.") else None
                samples[one.name, subject] = Sample(
                    host=host.name,
                    name=one.name,
                    subject=subject,
                    value=one.value,
                    at=at,
                    service=service,
                    evidence=one.evidence,
                )
            if page.cpu is not None:
                self._cpus[place] = page.cpu
        return [*samples.values(), ok_sample(host.name, PROBE, problems, at)]

    async def _page(self, host: Host, entry: NodeExporterEntry) -> Page:
        url = entry.page(host)
        try:
            async with asyncio.timeout(entry.timeout):
                body = await _get(url, self._trust)
        except TimeoutError:
            raise _Unread(f"node_exporter did not give its whole page within {entry.timeout:g} seconds") from None
        except ssl.SSLError:
            raise _Unread("node_exporter's certificate is not trusted here, or it speaks no TLS") from None
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            raise _Unread(f"node_exporter can't be reached ({type(error).__name__})") from None
        page = read(body)
        if page.cpu is None and not page.simple and not page.filesystems:
            raise _Unread("its page has none of node_exporter's metrics")
        return page


async def _get(url: str, trust: ssl.SSLContext | None) -> bytes:
    """The body at *url*, by HTTP/1.0: whoever answers ends it by closing. Raises _Unread, OSError, ValueError."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    context = (trust or ssl.create_default_context()) if secure else None
    reader, writer = await asyncio.open_connection(
        parts.hostname, parts.port or (443 if secure else 80), ssl=context, limit=_HEAD
    )
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {parts.netloc}\r\nAccept: text/plain\r\n\r\n".encode())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise _Unread("what answers is no web server") from None
        status = head.split(b"\r\n", 1)[0].split()
        if len(status) < 2 or status[1] != b"200":
            said = status[1].decode("ascii", "replace")[:3] if len(status) > 1 else "nothing"
            raise _Unread(f"node_exporter answers {said}")
        body = bytearray()
        while part := await reader.read(65536):
            body += part
            if len(body) > LARGEST:
                raise _Unread(f"its page is longer than {LARGEST} bytes")
        return bytes(body)
    finally:
        writer.transport.abort()


def _units(host: Host) -> dict[str, str]:
    """Unit -> key, of the services that systemd keeps."""
    entries = host.entries_in("fleetmend_services")
    units = {}
    for key in host.names_in("fleetmend_services"):
        entry = entries.get(key, {})
        if entry.get("backend", "systemd") == "systemd":
            unit = str(entry.get("unit") or key)
            units[unit if "." in unit else f"{unit}.service"] = key
    return units
