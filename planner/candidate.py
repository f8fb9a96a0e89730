"""One remedy that may be chosen for an incident: its schema narrowed to the hosts and the evidence at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.schemas import narrowed
from core.fleets import Host
from core.model import Scalar
from core.outcomes import Lesson
from core.remedies import Remedy


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A remedy that may be chosen, on these hosts. `schema` is its flat JSON Schema, narrowed to hosts and evidence.

    `fixed` are the parameters whose value the schema already settles.
    """

    remedy: Remedy
    schema: dict[str, Any]
    hosts: tuple[Host, ...]
    fixed: dict[str, Scalar]
    lesson: Lesson | None = None

    @property
    def id(self) -> str:
        return self.remedy.id

    @property
    def host_names(self) -> tuple[str, ...]:
        """Sorted, as a step wants them."""
        return tuple(sorted(host.name for host in self.hosts))

    @property
    def properties(self) -> dict[str, dict[str, Any]]:
        """The schema's parameters: name -> JSON Schema of its value."""
        return dict(self.schema.get("properties", {}))

    @property
    def free(self) -> tuple[str, ...]:
        """Required parameters that still have to be chosen."""
        return tuple(name for name in self.schema.get("required", ()) if name not in self.fixed)


def make_candidate(
    remedy: Remedy, hosts: Sequence[Host], evidence: Mapping[str, Scalar], lesson: Lesson | None = None
) -> Candidate:
    """Narrow *remedy* to *hosts* and *evidence*. Raises catalog.schemas.NotApplicable if it cannot work there."""
    schema = narrowed(remedy, hosts, evidence)
    fixed: dict[str, Scalar] = {}
    for name, allowed in schema.get("properties", {}).items():
        if "const" in allowed:
            fixed[name] = allowed["const"]
        elif len(allowed.get("enum", ())) == 1 and name in schema.get("required", ()):
            fixed[name] = allowed["enum"][0]
    return Candidate(remedy=remedy, schema=schema, hosts=tuple(hosts), fixed=fixed, lesson=lesson)
