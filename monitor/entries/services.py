"""`fleetmend_services` and `fleetmend_scaled`: what is run on a host, by whom, and how often."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from core.fleets import Host
from monitor.entries.fields import AbsolutePath, Entry, Place, Port, Unit, Watched

LAST_PORT = 65535


class ServiceEntry(Watched):
    """One of `fleetmend_services`. Without `unit`, it is called like the entry."""

    unit: Unit | None = None
    backend: Literal["systemd", "supervisor"] = "systemd"
    config: AbsolutePath | None = None
    supervisorctl: AbsolutePath | None = None
    """For the role that restarts; the probe talks to supervisor itself."""
    importance: Annotated[int, Field(ge=0, le=100)] | None = None
    """What is worked on first; see `core.importance`."""

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        return {"unit": self.unit or key, "backend": self.backend, "config": self.config}

    def owner(self, host: Host, key: str) -> str | None:
        return key


class ScaledEntry(Entry):
    """One of `fleetmend_scaled`: a templated unit of which there may be several, one port after the other."""

    unit: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:\\\-]{1,100}@(\.service)?$")]
    min: Annotated[int, Field(ge=1, le=64)] = 1
    max: Annotated[int, Field(ge=1, le=64)]
    first_port: Port
    capacity: Annotated[int, Field(ge=1, le=100_000)]
    """Connections that one instance serves well at the same time."""
    address: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:%\-]{1,253}$")] | None = None
    """For the role that starts instances; the probe looks for ports on all addresses."""

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        return {"first_port": self.first_port, "min": self.min, "max": self.max, "capacity": self.capacity}

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min > self.max:
            raise ValueError("min must not be above max")
        if self.first_port + self.max - 1 > LAST_PORT:
            raise ValueError("the last instance would have no port")
        return self
