"""`fleetmend_packages` and `fleetmend_time`: what wears out by itself."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from monitor.entries.fields import Entry, Place, Seconds, Unit
from monitor.entries.network import ServerName

PackageName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.\-]+$", max_length=100)]


class PackageEntry(Entry):
    """One of `fleetmend_packages`. Without `name`, the package is called like the entry."""

    name: PackageName | None = None
    any: bool = False
    """Any newer version counts, and not only one from a security archive."""

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        return {"name": self.name or key, "any": self.any}


class ClockEntry(Entry):
    """One of `fleetmend_time`: the service that keeps the clock, and whom the probe asks for the time."""

    unit: Unit = "chrony.service"
    servers: tuple[ServerName, ...] = Field(default=(), max_length=3)
    tolerance: Seconds = 1.0
