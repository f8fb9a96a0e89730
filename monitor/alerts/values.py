"""Single values out of payloads: text, times, states and severities, bounded and clean."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.severity import Severity
from monitor.readings import clean

LONGEST = 300
"""Characters of one fact."""
MOST_FACTS = 30
_KEY = re.compile(r"[^a-z0-9_]+")
_LARGEST = 2**63
_FIRST_YEAR, _LAST_YEAR = 2000, 2200
_MILLISECONDS = 10**11
_STATES = {
    True: "true 1 firing alerting problem down critical warning error triggered re-triggered warn re-warn no_data "
    "re-no_data active open renotify fired trouble",
    False: "false 0 resolved ok up recovered recovery normal closed inactive cleared success",
}
_STATE_OF = {word: firing for firing, words in _STATES.items() for word in words.split()}
_SEVERITIES = {
    Severity.CRITICAL: "critical error page emergency alert fatal high disaster major p1 p2 sev1 sev2 crit",
    Severity.WARNING: "warning warn average medium minor p3 sev3",
    Severity.INFO: "info information informational none low notice not_classified p4 p5 sev4 sev5 debug",
}
_SEVERITY_OF = {word: severity for severity, words in _SEVERITIES.items() for word in words.split()}


def text(value: Any, longest: int = LONGEST) -> str | None:
    """*value* as one clean line; None for nothing, and for what is no single value."""
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST:
        value = int(value)
    return clean(value, longest) or None


def fact(value: Any) -> str | bool | int | float | None:
    """*value* as evidence: numbers stay numbers. None for what is no fact."""
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < _LARGEST):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return text(value)


def facts(given: Any, prefix: str = "") -> dict[str, str]:
    """The pairs of a mapping as text, so many and so long at most."""
    found: dict[str, str] = {}
    if isinstance(given, Mapping):
        for name, value in list(given.items())[: 2 * MOST_FACTS]:
            said, key = text(value), prefix + str(name)[:100]
            if said is not None and len(found) < MOST_FACTS:
                found[key] = said
    return found


def evidence_key(name: str) -> str:
    """*name* as a key of evidence: lower case, digits and `_`."""
    key = _KEY.sub("_", name.lower()).strip("_")[:60]
    return key if key[:1].isalpha() else f"x_{key}"


def moment(value: Any) -> datetime | None:
    """A time out of ISO 8601 text or seconds (or milliseconds) since 1970; None for anything else, and for year 1."""
    try:
        if isinstance(value, str) and not value.strip("0123456789.") and value.strip("."):
            value = float(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            at = datetime.fromtimestamp(value / 1000 if value > _MILLISECONDS else value, UTC)
        elif isinstance(value, str):
            at = datetime.fromisoformat(value.strip()[:40])
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return at if _FIRST_YEAR <= at.year < _LAST_YEAR else None


def is_firing(value: Any) -> bool | None:
    """Whether a state means that the problem is there; None for a word that nobody knows."""
    return _STATE_OF.get((text(value) or "").lower().replace(" ", "_"))


def severity(word: str | None, own: Mapping[str, Severity]) -> Severity | None:
    """The severity that a source's *word* means, by its *own* table first."""
    lower = (word or "").lower()
    return own.get(lower) or _SEVERITY_OF.get(lower.replace(" ", "_"))


def key_of(*parts: Any) -> str:
    """What tells an alert of a source from its others."""
    said = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(said.encode()).hexdigest()[:40]
