"""What a notification changes about an alert: whether it begins, lasts, is over, comes late, or flaps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from core.alerts import AlertState, News, Placed, Ways
from core.detections import Signal

AGAIN = timedelta(minutes=5)
"""How often an alert that lasts is reported again; notifications between are counted."""
_OUT_OF_ORDER = timedelta(minutes=1)
"""So long after its end, a notification that an alert fires since before it can only be late. Later, it is believed:
Alertmanager counts an alert as over that Prometheus does not speak of for a while, though it may fire all the time."""
_MOST_CHANGES = 20


class Heard(NamedTuple):
    """What a notification came to. `seen_at`: from when on it is true at the latest, as far as its source can know."""

    placed: Placed
    news: News
    seen_at: datetime
    flaps: bool = False
    """It has just begun to flap."""
    was: Signal | None = None
    """What the alert was taken for until now, if that is something else; it counts as over."""


def _meaning(one: Placed) -> dict[str, Any]:
    return {
        "name": one.told.name[:200],
        "fleet": one.detection.fleet,
        "host": one.detection.host,
        "symptom": one.detection.symptom,
        "subject": one.detection.subject,
        "unmapped": one.unmapped,
        "told": to_json(one),
    }


def to_json(one: Placed) -> dict[str, Any]:
    """What was told, so that it can be mapped anew."""
    told = one.told._asdict()
    for name in ("starts_at", "ends_at"):
        told[name] = told[name].isoformat() if told[name] is not None else None
    raw = one.told.raw if one.unmapped is not None else None
    return told | {"hosts": list(one.told.hosts), "evidence": dict(one.told.evidence), "raw": raw}


def new_row(source: str, one: Placed, ways: Ways, now: datetime) -> dict[str, Any]:
    """The row of an alert that nobody told of before."""
    state = AlertState.FIRING if one.told.firing else AlertState.RESOLVED
    return _meaning(one) | {
        "source": source,
        "key": one.told.key,
        "state": state.value,
        "starts_at": one.told.starts_at or now,
        "ends_at": None if one.told.firing else one.told.ends_at or now,
        "first_at": now,
        "heard_at": now,
        "reported_at": None,
        "count": 0,
        "lag_seconds": ways.lag.total_seconds(),
        "changes": [now.isoformat()],
        "flapping_until": None,
    }


def change(row: dict[str, Any], one: Placed, ways: Ways, now: datetime) -> Heard:
    """Bring *row* up to what *one* says."""
    told, fired = one.told, row["state"] == AlertState.FIRING.value
    seen_at = min(now, max(row["first_at"], now - ways.lag))
    was = Signal(row["host"], row["symptom"], row["subject"])
    moved = was if fired and (row["fleet"], was) != (one.fleet, one.signal) else None
    row["lag_seconds"] = ways.lag.total_seconds()
    if told.firing and not fired and _late(row, one, now):
        return Heard(one, News.OVER, seen_at)
    if not told.firing and (not fired or (told.ends_at is not None and told.ends_at < row["starts_at"])):
        return Heard(one, News.OVER if fired else News.REPEATED, seen_at)
    row |= _meaning(one)
    if told.firing:
        starts_at = told.starts_at or (row["starts_at"] if fired else now)
        begins = not fired or starts_at > row["starts_at"]
        if begins:
            row |= {"state": AlertState.FIRING.value, "starts_at": starts_at, "ends_at": None, "first_at": now}
        flaps = not fired and _flaps(row, ways, now)
        if begins or moved is not None:
            return Heard(one, News.FIRES, now, flaps, moved)
        due = row["reported_at"] is None or not timedelta(0) <= now - row["reported_at"] < AGAIN
        return Heard(one, News.FIRES if due else News.REPEATED, seen_at)
    row |= {"state": AlertState.RESOLVED.value, "ends_at": told.ends_at or now}
    flaps = _flaps(row, ways, now)
    return Heard(one, News.HELD if row["flapping_until"] is not None else News.RESOLVED, now, flaps, moved)


def _late(row: Mapping[str, Any], one: Placed, now: datetime) -> bool:
    starts_at = one.told.starts_at
    same = starts_at is not None and (starts_at <= row["starts_at"] or starts_at < (row["ends_at"] or starts_at))
    return same and timedelta(0) <= now - row["heard_at"] < _OUT_OF_ORDER


def _flaps(row: dict[str, Any], ways: Ways, now: datetime) -> bool:
    """Note a change; True if it has just begun to flap by it."""
    since = now - ways.flapping.within
    changes = [one for one in row["changes"] if since < datetime.fromisoformat(one) <= now] + [now.isoformat()]
    row["changes"] = changes[-_MOST_CHANGES:]
    if len(changes) < ways.flapping.changes:
        return False
    began = row["flapping_until"] is None
    row["flapping_until"] = now + ways.flapping.within
    return began
