"""Where a request comes from: the other end of the connection or, behind proxies of ours, what they say of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NOWHERE = "unknown"
_ONE_HOUSEHOLD = 64
"""Bits of an IPv6 address that its owner can't choose."""


class Proxies:
    """Puts the client's own address and scheme in place of those of the proxies in front, if they are ours."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[Network]) -> None:
        self._app, self._trusted = app, tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        peer = _address((scope.get("client") or ("",))[0])
        if scope["type"] == "http" and peer is not None and self._ours(peer):
            headers = Headers(scope=scope)
            hops = [one.strip() for said in headers.getlist("x-forwarded-for") for one in said.split(",")]
            scope = {**scope, "client": (str(self._farthest(peer, hops)), 0)}
            scheme = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
            if scheme in {"http", "https"}:
                scope["scheme"] = scheme
        await self._app(scope, receive, send)

    def _farthest(self, peer: Address, hops: list[str]) -> Address:
        """The first address, from our side on, that is not a proxy of ours: what is said beyond it anybody can say."""
        while hops and self._ours(peer):
            before = _address(hops.pop())
            if before is None:
                break
            peer = before
        return peer

    def _ours(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def address_of(scope: Scope) -> str:
    """The address of whoever sent the request, as it is counted and journalled; of IPv6, the network that is theirs."""
    return household((scope.get("client") or ("",))[0])


def is_within(peer: str, networks: Sequence[Network]) -> bool:
    """True if the address *peer* lies in one of *networks*."""
    address = _address(peer)
    return address is not None and any(address in network for network in networks)


def household(peer: str) -> str:
    """The address *peer* as it is counted; of IPv6, the network that is its owner's."""
    address = _address(peer)
    if address is None:
        return _NOWHERE
    if address.version == 6:
        return str(ipaddress.ip_network((address, _ONE_HOUSEHOLD), strict=False))
    return str(address)


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
