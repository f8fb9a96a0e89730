"""How much a host or a service matters, as its inventory says: what is worked on first when not all can be.

Border: this orders the work. It never widens what the policy allows.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from core.fleets import Host
from core.severity import Severity

VARIABLE = "fleetmend_importance"
ORDINARY = 50
"""The importance of what its inventory says nothing about."""
MOST = 100


def importance_of(host: Host | None, service: str | None) -> int:
    """From 0 to 100: the service's own (`importance` in `fleetmend_services`), else its host's, else 50."""
    if host is None:
        return ORDINARY
    entry = host.entries_in("fleetmend_services").get(service or "", {})
    for said in (entry.get("importance"), host.variables.get(VARIABLE)):
        number = read_importance(said)
        if number is not None:
            return number
    return ORDINARY


def read_importance(said: Any) -> int | None:
    """*said* as a whole number from 0 to 100, or None if it is none. INI inventories and Jinja hand on text."""
    text = str(said)
    fits = not isinstance(said, bool) and text.isdecimal() and len(text) <= 3 and int(text) <= MOST
    return int(text) if fits else None


@lru_cache(maxsize=512)
def turn(severity: Severity, importance: int) -> int:
    """What the work is ordered by, the lowest first: the severity, and within it the importance."""
    return 1000 * (Severity.CRITICAL.rank - severity.rank) + MOST - importance
