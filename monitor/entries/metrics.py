"""`fleetmend_node_exporter`: where a host's metrics are read from, without entering the host."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from core.fleets import Host
from monitor.entries.fields import Port, Seconds, Watched
from monitor.entries.outside import Url


class NodeExporterEntry(Watched):
    """One of `fleetmend_node_exporter`: node_exporter's page, by default at the host's own address."""

    port: Port = 9100
    address: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:%\-]{1,253}$")] | None = None
    url: Url | None = None
    """In place of address and port."""
    timeout: Seconds = 5.0

    def page(self, host: Host) -> str:
        """The URL of the page."""
        if self.url is not None:
            return self.url
        named = host.variables.get("ansible_host")
        address = self.address or (named if isinstance(named, str) and named else host.name)
        return f"http://{f'[{address}]' if ':' in address else address}:{self.port}/metrics"
