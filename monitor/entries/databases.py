"""`fleetmend_databases`: databases on the host itself."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StringConstraints

from monitor.entries.fields import AbsolutePath, Entry, Place, Port

Account = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_\-]{0,31}$")]
Role = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_\-]{0,62}$")]
Age = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}[smhdw]$")]


class DatabaseEntry(Entry):
    """One of `fleetmend_databases`: a PostgreSQL server that its owner may enter through its socket, by peer."""

    user: Account = "postgres"
    socket: AbsolutePath = "/var/run/postgresql"
    port: Port = 5432
    idle_after: Age = "10m"
    """How old a session that does nothing in a transaction has to be to count, and to be ended."""
    keep: tuple[Role, ...] = ()
    """For the role that ends sessions: those of these database users stay."""

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"service", "keep"})
