"""Windows and freezes: when something may run by itself, and when nothing may run at all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.policies import WEEKDAYS, Freeze, Window


def is_open(windows: Iterable[Window], now: datetime) -> bool:
    """True if *now* is in one of *windows*, or if there are none."""
    wanted = tuple(windows)
    return not wanted or any(_within(window, now) for window in wanted)


def frozen(freezes: Iterable[Freeze], now: datetime, *, everything: bool) -> Freeze | None:
    """The freeze that holds *now*, or None: one that stops everything, or (not *everything*) one of either kind."""
    for freeze in freezes:
        zone = ZoneInfo(freeze.zone)
        begins, ends = freeze.from_.replace(tzinfo=zone), freeze.to.replace(tzinfo=zone)
        if begins <= now < ends and (freeze.for_ == "all" or not everything):
            return freeze
    return None


def window_words(window: Window) -> str:
    """`mon-fri 22:00-05:00 Europe/Berlin`."""
    days = "" if len(window.days) == len(WEEKDAYS) else ",".join(window.days) + " "
    return f"{days}{window.from_:%H:%M}-{window.to:%H:%M} {window.zone}"


def freeze_words(freeze: Freeze) -> str:
    """`frozen until 2027-01-05 00:00 Europe/Berlin: end of year`."""
    return f"frozen until {freeze.to:%Y-%m-%d %H:%M} {freeze.zone}: {freeze.reason}"


def _within(window: Window, now: datetime) -> bool:
    """The clocks on the wall count: on the day they are put forward, a window may be shorter than it says."""
    local = now.astimezone(ZoneInfo(window.zone))
    today, yesterday = WEEKDAYS[local.weekday()], WEEKDAYS[(local - timedelta(days=1)).weekday()]
    clock = local.time().replace(tzinfo=None)
    if window.from_ < window.to:
        return today in window.days and window.from_ <= clock < window.to
    return (today in window.days and clock >= window.from_) or (yesterday in window.days and clock < window.to)
