"""The catalog as the other rooms see it: one frozen value, replaced as a whole when a file changes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from core.digests import digest_of
from core.durations import Duration
from core.errors import BadInput, NotFound
from core.model import Model, Name
from core.remedies import Remedy
from core.symptoms import Symptom

SHIPPED_SYMPTOMS = Path(__file__).with_name("symptoms.yml")
_STAND_IN = frozenset({"node_exporter", "prometheus"})
"""Probes that measure what other shipped ones do, from elsewhere."""
_MEASURE = re.findall(r"^  probe: (\w+)", SHIPPED_SYMPTOMS.read_text(encoding="utf-8"), re.MULTILINE)
SHIPPED_PROBES = _STAND_IN.union(_MEASURE)
"""The probes that come with fleetmend. A user's can't take their names."""


class UserProbe(Model):
    """A user's own read-only probe script. Like a remedy it may run only while it is vetted."""

    name: Name
    title: str
    description: str = ""
    timeout: Duration = timedelta(seconds=10)
    path: Path
    """The script."""
    digest: str
    vetted: bool


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Everything that may be chosen from, shipped and the user's. `problems` says what was left out, and why."""

    remedies: Mapping[str, Remedy]
    symptoms: Mapping[str, Symptom]
    probes: Mapping[str, UserProbe] = field(default_factory=dict)
    problems: tuple[BadInput, ...] = ()

    def remedy(self, id: str) -> Remedy:
        """Return the remedy *id*. Raises NotFound."""
        if id not in self.remedies:
            raise _not_found("remedy", id, self.remedies, "`fleetmend catalog list` shows them all")
        return self.remedies[id]

    def symptom(self, id: str) -> Symptom:
        """Return the symptom *id*. Raises NotFound."""
        if id not in self.symptoms:
            raise _not_found("symptom", id, self.symptoms, f"known: {', '.join(sorted(self.symptoms))}")
        return self.symptoms[id]

    @cached_property
    def digest(self) -> str:
        """Over the digests of all remedies, and which of them are vetted."""
        return digest_of({remedy.id: [remedy.digest, remedy.vetted] for remedy in self.remedies.values()})

    @property
    def probe_names(self) -> frozenset[str]:
        """The names of all probes, shipped and the user's."""
        return SHIPPED_PROBES | frozenset(self.probes)


def _not_found(kind: str, id: str, known: Iterable[str], otherwise: str) -> NotFound:
    close = difflib.get_close_matches(id, list(known), n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else otherwise
    return NotFound(f"no {kind} {id!r}; {hint}")
