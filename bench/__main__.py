"""Every benchmark in a row: lines of JSON as they come, and at the end the figures in words, with their aims.

`python -m bench --peer PYTHON`, or `make bench`. docs/reference/benchmarks.md says how each figure is measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import actions, cost, intake, memory, start, storms, sweeps
from bench.figures import Line, load, say
from bench.load import generator

_QUICK_SIZES = (10, 1_000)
_WORDS: dict[str, Callable[[Any], str]] = {
    "intake": lambda one: (
        f"intake, {one['engine']}, {one['batch']} a post: {one['detections_per_second']} detections/s"
        + (f", {one['times_the_peer']} times the peer's posts (aim {one['aim']})" if one["times_the_peer"] else "")
        + f", {one['lost']} lost"
    ),
    "start": lambda one: (
        f"start, {one['engine']}: p50 {one['p50_ms']} ms (aim {one['aim_p50_ms']}), "
        f"p99 {one['p99_ms']} ms (aim {one['aim_p99_ms']})"
    ),
    "cost": lambda one: (
        f"cost, {one['engine']}, {one['incidents']} incidents: {one['statements']:g} statements, {one['bytes']} bytes"
    ),
    "cost, flat": lambda one: (
        f"cost, {one['engine']}: {one['statements_ratio']} times the statements, {one['bytes_ratio']} times the bytes "
        f"with the most incidents (aim {one['aim']})"
    ),
    "sweep": lambda one: (
        f"sweep, {one['hosts']} hosts: {one['seconds']} s, {one['cpu_seconds']} s of processor time"
        + (f" (aim {one['aim']} s)" if one["aim"] else "")
    ),
    "sweep, growth": lambda one: f"sweep, {one['hosts']} hosts: {one['times']} times the time (aim {one['aim']})",
    "storm": lambda one: (
        f"storm, {one['alerts']} alerts, {one['group']} a notification: {one['seconds']} s (aim {one['aim_seconds']}), "
        f"reads p99 {one['read_p99_ms']} ms (aim {one['aim_read_p99_ms']})"
    ),
    "actions": lambda one: (
        f"actions, {one['events']} events: {one['per_minute']} a minute (aim {one['aim']}), "
        f"{one['runs_at_once']} runs at once"
    ),
    "memory": lambda one: (
        f"memory: {one['idle_mb']} MB idle, {one['after_mb']} MB after {one['detections']} detections, "
        f"{one['ratio']} times (aim {one['aim']})"
    ),
}


def lines(*, quick: bool, peer: Path | None) -> Iterator[Line]:
    """Measure everything; *quick* is for trying the benchmarks themselves out."""
    yield from (start.measure(engine, 10 if quick else 60) for engine in start.ENGINES)
    seconds, runs = (2, 2) if quick else (10, 5)
    for engine in intake.ENGINES:
        for batch in intake.AIMS:
            yield intake.measure(engine, batch, seconds=seconds, runs=runs, connections=16, peer=peer)
    for engine in cost.ENGINES:
        yield from cost.lines_of(engine, _QUICK_SIZES if quick else cost.SIZES)
    yield memory.measure(2_000 if quick else 100_000)
    yield from sweeps.lines((100, 1_000) if quick else sweeps.SIZES)
    yield from storms.lines(500 if quick else storms.ALERTS)
    yield actions.measure(10 if quick else actions.EVENTS)


def main() -> int:
    """Measure, and print. The exit code says whether all of it could be measured, not whether aims were met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, help=f"a Python with ansible-rulebook; ${intake.PEER_VARIABLE} by default")
    parser.add_argument("--quick", action="store_true", help="a few samples of each, to try it out")
    given = parser.parse_args()
    peer = intake.peer_of(given.peer)
    say(
        {
            "what": "machine",
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "posted_by": generator(),
            "peer": "ansible-rulebook's webhook source" if peer else "none was given",
            "load": load(),
        }
    )
    taken = [say(line) for line in lines(quick=given.quick, peer=peer)]
    print("", *(_summary(line) for line in taken), sep="\n")
    return 0


def _summary(line: Line) -> str:
    verdict = {True: "  met", False: "  MISSED", None: ""}[line.get("met")]  # type: ignore[index]
    return f"{_WORDS[str(line['what'])](line)}{verdict}  [load {line['load']}]"


if __name__ == "__main__":
    sys.exit(main())
