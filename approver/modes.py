"""Which mode holds: the fleet's, or the strictest of those that a host's groups and the remedies have of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from core.policies import Mode, ModesByPart


class Holding(NamedTuple):
    """A mode, and whose it is, in words (empty: the fleet's own)."""

    mode: Mode
    of: str


def mode_for(fleet_mode: Mode, modes: ModesByPart, groups: Iterable[Iterable[str]], remedies: Iterable[str]) -> Holding:
    """The mode for *remedies* on hosts that are in *groups* (one entry a host): the strictest over all pairs."""
    wanted = tuple(remedies)
    pairs = [(tuple(own), remedy) for own in groups for remedy in wanted or (None,)]
    found = [_of_pair(fleet_mode, modes, own, remedy) for own, remedy in pairs]
    return min(found or [Holding(fleet_mode, "")], key=lambda holding: holding.mode.rank)


def _of_pair(fleet_mode: Mode, modes: ModesByPart, groups: tuple[str, ...], remedy: str | None) -> Holding:
    own = [Holding(modes.groups[group], f"of the group {group}") for group in groups if group in modes.groups]
    if remedy is not None and remedy in modes.remedies:
        own.append(Holding(modes.remedies[remedy], f"of {remedy}"))
    return min(own, key=lambda holding: holding.mode.rank) if own else Holding(fleet_mode, "")
