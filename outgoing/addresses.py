"""Where an address that came from somebody else may lead: to the internet, and never to this machine or its network.

What operators configure is not asked here; that may be private, of course.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

import httpcore

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """True for an address of the internet: no loopback, link-local (metadata services), private, or reserved one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


class PublicOnly(httpcore.AnyIOBackend):
    """Connects to public addresses alone. A name is looked up once: what was checked is what is connected to."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own name
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect. Raises httpcore.ConnectError for a name that leads anywhere else, even if in part."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        addresses = [str(place[4][0]) for place in found]
        if not addresses or not all(map(is_public, addresses)):
            raise httpcore.ConnectError("the address leads to this machine or its network")
        return await super().connect_tcp(addresses[0], port, timeout, local_address, socket_options)
