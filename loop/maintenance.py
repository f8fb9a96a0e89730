"""Maintenance: detections in a fleet's own windows open no work, and say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from core.detections import Detection
from core.fleets import Fleet
from core.silences import Aside, Maintenance
from core.states import State


def maintained(found: Iterable[Detection], fleet_of: Callable[[str], Fleet | None], now: datetime) -> dict[str, Aside]:
    """Id of each detection that a window of its fleet is about -> what becomes of the incident that it opens."""
    open_windows: dict[str, list[tuple[Maintenance, datetime, frozenset[str]]]] = {}
    aside: dict[str, Aside] = {}
    for one in found:
        if one.fleet not in open_windows:
            open_windows[one.fleet] = _open(fleet_of(one.fleet), now)
        for window, until, hosts in open_windows[one.fleet]:
            if one.host in hosts and (not window.symptoms or one.symptom in window.symptoms):
                words = f"maintenance until {until:%Y-%m-%d %H:%M} UTC: {window.reason}"
                aside[one.id] = Aside(State.SUPPRESSED, words, until)
                break
    return aside


def _open(fleet: Fleet | None, now: datetime) -> list[tuple[Maintenance, datetime, frozenset[str]]]:
    if fleet is None:
        return []
    untils = [(window, window.until(now)) for window in fleet.file.maintenance]
    return [(window, until, frozenset(fleet.select(window.hosts))) for window, until in untils if until is not None]
