"""Times and durations as people read them: local, short, and how long ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def moment(value: str | datetime | None, now: datetime | None = None) -> str:
    """`14:02:11 (3m ago)` in local time, with the date if that is another day; a dash for None."""
    if value is None:
        return "-"
    at = (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone()
    now = (now or datetime.now(UTC)).astimezone(at.tzinfo)
    shown = at.strftime("%H:%M:%S" if at.date() == now.date() else "%Y-%m-%d %H:%M")
    return f"{shown} ({relative(now - at)})"


def relative(past: timedelta) -> str:
    """`3m ago`, `in 2h` or `now`: the largest unit alone."""
    seconds = round(past.total_seconds())
    for unit, size in _UNITS:
        if abs(seconds) >= size:
            count = f"{abs(seconds) // size}{unit}"
            return f"{count} ago" if seconds > 0 else f"in {count}"
    return "now"


def clock_time(value: str | datetime) -> str:
    """`14:02:11` in local time."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.astimezone().strftime("%H:%M:%S")


def seconds(value: float | None) -> str:
    """`0.4s`, `12s`, `3m05s`; a dash for None."""
    if value is None:
        return "-"
    if value < 9.95:
        return f"{value:.1f}s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


def between(begin: str, end: str | None) -> str:
    """The time from *begin* to *end* (ISO 8601), as `seconds`; a dash while there is no end."""
    return (
        "-" if end is None else seconds((datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds())
    )
