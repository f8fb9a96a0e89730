"""Parameters without a model: from the evidence, from what the incident names, from the inventory, from defaults.

What none of these settles is not guessed: the remedy is then not fillable by rules, and the message says why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from catalog.validation import check_parameters
from core.errors import Refused
from core.incidents import Incident
from core.model import Scalar
from core.plans import Step
from planner.candidate import Candidate

SERVICES = "fleetmend_services"
"""The inventory variable whose keys are services; there the incident's service counts before its subject."""

_NAME_LIKE = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]*")


@dataclass(frozen=True)
class Filled:
    """A complete, checked step, and whether the incident itself settled its parameters."""

    step: Step
    sure: bool
    reasons: tuple[str, ...]


def fill(candidate: Candidate, incident: Incident, words: frozenset[str] = frozenset()) -> Filled:
    """Fill in every parameter of *candidate*. *words* (of a request) name inventory entries before the incident does.

    Raises Refused, in words, if a required parameter is left open or a value does not pass the remedy's schema.
    """
    values: dict[str, Scalar] = {}
    reasons: list[str] = []
    sure = True
    for name, allowed in candidate.properties.items():
        parameter = candidate.remedy.parameter(name)
        source = parameter.from_inventory if parameter else None
        if source is not None and "enum" in allowed:
            value, how = _from_inventory(candidate, incident, source, allowed, words)
            if how == _ONLY_ANOTHER and name not in candidate.schema.get("required", ()):
                continue  # what may be left out is not guessed
            sure = sure and how != _ONLY_ANOTHER
        elif name in candidate.fixed:
            value, how = candidate.fixed[name], "is settled by the evidence" if "const" in allowed else ""
        else:
            value, how = allowed.get("default"), ""
        if value is not None:
            values[name] = value
            reasons += [f"{name}={value} {how}"] if how else []
        elif name in candidate.schema.get("required", ()):
            raise Refused(f"{candidate.id} needs {name}, and the incident does not settle it{_choices(allowed)}")
    return Filled(checked_step(candidate, incident, values), sure, tuple(reasons))


def checked_step(candidate: Candidate, incident: Incident, values: dict[str, Scalar]) -> Step:
    """Make a step of *candidate* with *values*, defaults added. Raises Refused if its schema turns them down."""
    parameters = check_parameters(candidate.remedy, candidate.hosts, incident.evidence, values)
    remedy = candidate.remedy
    return Step(remedy=remedy.id, digest=remedy.digest, parameters=parameters, hosts=candidate.host_names)


_ONLY_ANOTHER = "is the only choice, although the incident names something else"


def _from_inventory(
    candidate: Candidate, incident: Incident, source: str, allowed: dict[str, Any], words: frozenset[str]
) -> tuple[Scalar | None, str]:
    """The entry that is meant, and how that is known; (None, "") if it is open."""
    choices = [str(choice) for choice in allowed["enum"]]
    said = [choice for choice in choices if choice.lower() in words]
    if said:
        return (said[0], "is named in the request") if len(said) == 1 else (None, "")
    named = [incident.subject, incident.service or ""]
    if source == SERVICES:
        named.reverse()
    for name in named:
        if name and name in choices:
            return name, "is what the incident names"
    services = {name for name in named if name}
    linked = [choice for choice in choices if _service_of(candidate, source, choice) & services]
    if len(linked) == 1:
        return linked[0], "belongs to the incident's service"
    if incident.subject.startswith("/") and any(paths := [_path_of(candidate, source, one) for one in choices]):
        # A mount that is full: cleaning up on another one would delete for nothing. Without a path it may lie anywhere.
        below = [one for one, path in zip(choices, paths, strict=True) if not path or _is_below(path, incident.subject)]
        if not below:
            raise Refused(f"{candidate.id}: nothing of {source} lies below {incident.subject}")
        return (below[0], f"lies below {incident.subject}") if len(below) == 1 else (None, "")
    if len(choices) == 1:
        other = any(_NAME_LIKE.fullmatch(name) for name in services)
        return choices[0], _ONLY_ANOTHER if other else "is the only choice"
    return None, ""


def _service_of(candidate: Candidate, source: str, entry: str) -> set[str]:
    """The services that *entry* of the inventory variable *source* is said to belong to."""
    entries = (host.entries_in(source).get(entry, {}) for host in candidate.hosts)
    return {str(found["service"]) for found in entries if found.get("service")}


def _path_of(candidate: Candidate, source: str, entry: str) -> str:
    """Where *entry* lies, by the inventory of the first host; empty if it does not say."""
    return str(candidate.hosts[0].entries_in(source).get(entry, {}).get("path", ""))


def _is_below(path: str, mount: str) -> bool:
    return path.startswith("/") and PurePosixPath(path).is_relative_to(mount)


def _choices(allowed: dict[str, Any]) -> str:
    choices = allowed.get("enum")
    return f"; it may be {', '.join(map(str, choices))}" if choices else ""
