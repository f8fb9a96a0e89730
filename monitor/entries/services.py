"""`fleetmend_services`: what is run on a host, and by whom."""

from __future__ import annotations

from typing import Any, Literal

from core.fleets import Host
from monitor.entries.fields import AbsolutePath, Place, Unit, Watched


class ServiceEntry(Watched):
    """One of `fleetmend_services`. Without `unit`, it is called like the entry."""

    unit: Unit | None = None
    backend: Literal["systemd", "supervisor"] = "systemd"
    config: AbsolutePath | None = None
    supervisorctl: AbsolutePath | None = None
    """For the role that restarts; the probe talks to supervisor itself."""

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        return {"unit": self.unit or key, "backend": self.backend, "config": self.config}

    def owner(self, host: Host, key: str) -> str | None:
        return key
