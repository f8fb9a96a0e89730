"""Collateral: what differs on any host of the lab, and neither is the healing nor was declared. Pure comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from lab.proving.scenario import Change, Kind

Snapshot = Mapping[str, Mapping[str, Mapping[str, str]]]
"""host -> kind -> name -> value."""

START = "start"
"""Which start of a unit runs. Scenarios declare it as `unit`: a restart is a change of the unit."""

_SHOWN = 70


class Difference(NamedTuple):
    """One thing that is not as it was. None: it is not there."""

    host: str
    kind: str
    name: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.kind == START and self.before and self.after:
            return f"{self.host}: unit {self.name} was started anew"
        return f"{self.host}: {self.kind} {self.name}: {_short(self.before)} → {_short(self.after)}"


class Declared:
    """The changes that a scenario declares, with the host that each is meant for."""

    def __init__(self, changes: Iterable[Change], host: str) -> None:
        self._patterns = [(change.host or host, change.kind, change.name) for change in changes]

    def covers(self, found: Difference) -> bool:
        """True if *found* was to be expected."""
        kind = Kind.UNIT if found.kind == START else found.kind
        return any(
            (host, one) == (found.host, kind) and fnmatchcase(found.name, pattern)
            for host, one, pattern in self._patterns
        )


def differences(before: Snapshot, after: Snapshot) -> Iterator[Difference]:
    """Everything that differs between two snapshots, in order. A host that is in one alone differs in everything."""
    for host in sorted(before.keys() | after.keys()):
        was, is_now = before.get(host, {}), after.get(host, {})
        for kind in sorted(was.keys() | is_now.keys()):
            one, other = was.get(kind, {}), is_now.get(kind, {})
            for name in sorted(one.keys() | other.keys()):
                if one.get(name) != other.get(name):
                    yield Difference(host, kind, name, one.get(name), other.get(name))


def done_by_the_remedy(start: Snapshot, broken: Snapshot, healed: Snapshot, declared: Declared) -> list[Difference]:
    """What came about between the break and the healing, is not back to what it was at the start, and is undeclared."""
    return [
        found
        for found in differences(broken, healed)
        if found.after != start.get(found.host, {}).get(found.kind, {}).get(found.name) and not declared.covers(found)
    ]


def left_at_the_end(start: Snapshot, end: Snapshot, declared: Declared, host: str) -> list[Difference]:
    """What is not as it was at the start, and is undeclared.

    On *host* the fault and its mending may have started units anew: that is theirs, and is not held against anybody.
    """
    return [
        found
        for found in differences(start, end)
        if not declared.covers(found) and not (found.kind == START and found.host == host)
    ]


def _short(value: str | None) -> str:
    if value is None:
        return "none"
    text = " ".join(value.split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
