"""The base of every value that passes between two rooms: frozen, and strict about what it does not know."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

Time = AwareDatetime
"""A point in time with its zone; fleetmend keeps UTC throughout."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""An identifier that people type: a remedy, a symptom, a probe, a schedule."""

HostName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,252}$")]
"""An inventory host name that cannot be read as an Ansible host pattern."""

Subject = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./@:\-]{0,200}$")]
"""What on the host a sample speaks of: a service, a mount point, a file. Empty for the host itself."""

Scalar = str | bool | int | float
"""A value that fits into a parameter, a sample's evidence or a journal entry."""


class Model(BaseModel):
    """A frozen value. Unknown fields are refused; `evolve` makes a changed copy, validated again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def evolve(self, **changes: object) -> Self:
        """Return a copy with *changes* applied and checked. Raises pydantic's ValidationError."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**(values | changes))
