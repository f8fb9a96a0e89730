"""What hosts depend on, as the inventory says it: `fleetmend_depends_on: [db1, cache1/redis]`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from core.fleets import Fleet, Host

VARIABLE = "fleetmend_depends_on"


class Dependency(NamedTuple):
    """A host that is depended on, or (with `service`) one service of it."""

    host: str
    service: str | None


def dependencies_of(fleet: Fleet, name: str) -> tuple[Dependency, ...]:
    """What the host *name* depends on, directly or through others, the nearest first.

    Nothing that depends on *name* itself is among it: of two that need each other, neither takes the other's blame.
    Entries that name no host of the fleet are left out.
    """
    found: dict[Dependency, None] = {}
    seen, next_ones = {name}, [name]
    while next_ones:
        direct = [one for host in next_ones for one in _direct(fleet.host(host)) if fleet.host(one.host) is not None]
        found |= dict.fromkeys(one for one in direct if one.host != name)
        next_ones = sorted({one.host for one in direct} - seen)
        seen |= set(next_ones)
    return tuple(one for one in found if name not in _reach(fleet, one.host))


def _reach(fleet: Fleet, name: str) -> set[str]:
    """Every host that *name* depends on."""
    reached, next_ones = set[str](), [name]
    while next_ones:
        direct = {one.host for host in next_ones for one in _direct(fleet.host(host))}
        next_ones = sorted(direct - reached)
        reached |= direct
    return reached


def _direct(host: Host | None) -> Iterator[Dependency]:
    for said in host.names_in(VARIABLE) if host is not None else ():
        name, _, service = said.partition("/")
        yield Dependency(name, service or None)
