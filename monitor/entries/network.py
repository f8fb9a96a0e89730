"""`fleetmend_firewall` and `fleetmend_dns`: what a host lets in and out, and whom it asks for names."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from monitor.entries.fields import AbsolutePath, Entry, Place, Source

TableName = Annotated[str, StringConstraints(pattern=r"^(ip|ip6|inet|arp|bridge|netdev) [A-Za-z_][A-Za-z0-9_./\\-]*$")]
OWN_TABLE = "inet fleetmend"
"""Where `ip_block` works: never a drift."""
_LONGEST = 60_000


class FirewallEntry(Entry):
    """One of `fleetmend_firewall`: the file that nftables loads when the host starts, and the fleet's own baseline."""

    path: AbsolutePath
    source: Source
    mode: str | int | None = None
    ignore: tuple[TableName, ...] = Field(default=(), max_length=50)
    """Tables that somebody else keeps (a container engine, …)."""

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        content = place.files.content_of(self.source)
        if len(content) > _LONGEST:
            raise ValueError(f"source {self.source} is larger than {_LONGEST} bytes")
        try:
            baseline = content.decode()
        except UnicodeDecodeError:
            raise ValueError(f"source {self.source} is no text") from None
        expected = place.files.digest_of(self.source)
        return {"path": self.path, "baseline": baseline, "expected": expected, "ignore": [OWN_TABLE, *self.ignore]}


ServerName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:\-]{0,252}$")]
Address = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F:.]{2,45}$")]
Option = Annotated[str, StringConstraints(pattern=r"^[a-z0-9:\-]{1,40}$")]


class ResolverEntry(Entry):
    """One of `fleetmend_dns`: whom a host asks for names, and names that it has to find."""

    nameservers: tuple[Address, ...] = Field(min_length=1, max_length=3)
    names: tuple[ServerName, ...] = Field(min_length=1, max_length=10)
    search: tuple[ServerName, ...] = Field(default=(), max_length=6)
    options: tuple[Option, ...] = Field(default=(), max_length=10)
    path: AbsolutePath = "/etc/resolv.conf"

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        return {"names": list(self.names)}
