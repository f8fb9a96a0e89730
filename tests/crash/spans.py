"""When what ran where, as the hosts saw it, and the worst that the budgets allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

_HOUR = 3600.0


class Span(NamedTuple):
    """One execution. `measured`: when its effect was first measured, until which its host counts as touched."""

    began: float
    ended: float
    measured: float
    host: str
    read_only: bool


def spans_of(lines: Sequence[Mapping[str, Any]]) -> list[Span]:
    """The executions of a record. Each has to have ended, and been measured."""
    ends = {line["run"]: line["at"] for line in lines if line["kind"] == "ended"}
    measured: dict[tuple[str, str], list[float]] = {}
    for line in lines:
        if line["kind"] == "measured":
            measured.setdefault((line["host"], line["subject"]), []).append(line["at"])
    found = []
    for line in lines:
        if line["kind"] == "began":
            end = ends[line["run"]]
            after = min(at for at in measured[line["host"], line["subject"]] if at >= end)
            found.append(Span(line["at"], end, after, line["host"], line["read_only"]))
    return found


def most_at_once(spans: Iterable[tuple[float, float]]) -> int:
    """How many (begin, end) overlap at the worst moment."""
    most = now = 0
    changes = [change for begin, end in spans for change in ((begin, 1), (end, -1))]
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def clashes(spans: Sequence[Span]) -> int:
    """How many pairs overlap on a host, although one of them changes something."""
    ordered = sorted(spans)
    return sum(
        one.host == other.host and other.began < one.ended and not (one.read_only and other.read_only)
        for one, other in combinations(ordered, 2)
    )


def most_in_an_hour(spans: Sequence[Span]) -> tuple[int, int]:
    """The most runs that began within an hour, and the most different hosts."""
    ordered = sorted(spans)
    windows = [
        [one for one in ordered[first:] if one.began < ordered[first].began + _HOUR] for first in range(len(ordered))
    ]
    return max(map(len, windows)), max(len({one.host for one in window}) for window in windows)


def most_touched(spans: Sequence[Span]) -> int:
    """The most hosts that something changed, or had changed and was not measured yet, at one moment."""
    moments = [one.began for one in spans if not one.read_only]
    changing = [one for one in spans if not one.read_only]
    return max(len({one.host for one in changing if one.began <= at < one.measured}) for at in moments)
