"""Many workers in processes of their own, many incidents, few hosts: `python -m tests.crash.crowd --engine postgresql`.

Each worker looks for what is due and advances it, as a reconciler that rings for everybody would have it. Ansible is
stood in for by a line in a file when a run begins and one when it ends; the figures come from these lines. When the
budgets of the hour are used up, a conductor lets an hour pass.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.crash.children import start, wait_for
from tests.crash.crowd_world import Crowd
from tests.crash.places import open_ground
from tests.crash.record import Record
from tests.crash.spans import clashes, most_at_once, most_in_an_hour, most_touched, spans_of
from tests.engines import ENGINES


def play(crowd: Crowd, workers: int) -> dict[str, Any]:
    """Let *workers* processes loose on *crowd*, and say what came of it."""
    wait_for([start(crowd.fill)])
    began = time.monotonic()
    conductor = start(crowd.conduct)
    try:
        wait_for([start(crowd.work) for _ in range(workers)])
    finally:
        os.kill(conductor, signal.SIGKILL)
        wait_for([conductor])
    seconds = time.monotonic() - began
    wait_for([start(crowd.look)])
    record = Record(crowd.place.folder / "record")
    lines = record.lines()
    record.close()
    spans = spans_of(lines)
    executed = Counter((line["host"], line["subject"]) for line in lines if line["kind"] == "began")
    readers = [one for one in spans if one.read_only]
    runs, hosts = most_in_an_hour(spans)
    said: dict[str, Any] = json.loads((crowd.place.folder / "said").read_text())
    return {
        "workers": workers,
        "incidents": crowd.incidents,
        "hosts": crowd.hosts,
        "executions": len(spans),
        "executions repeated": sum(count - 1 for count in executed.values()),
        "hours passed": sum(line["kind"] == "hour" for line in lines),
        "most runs at once": most_at_once((one.began, one.ended) for one in spans),
        "most runs an hour": runs,
        "most hosts an hour": hosts,
        "most hosts touched at once": most_touched(spans),
        "budget": crowd.budget,
        "clashes on a host": clashes(spans),
        "most readers at once": most_at_once((one.began, one.ended) for one in readers),
        "seconds": round(seconds, 1),
        "incidents a second": round(crowd.incidents / seconds, 1),
        **said,
    }


def good(figures: Mapping[str, Any]) -> bool:
    """True if no law was broken and everything was healed."""
    budget = figures["budget"]
    return (
        figures["executions repeated"] == 0
        and figures["most runs at once"] <= budget["concurrent_runs"]
        and figures["most runs an hour"] <= budget["runs_per_hour"]
        and figures["most hosts an hour"] <= budget["hosts_per_hour"]
        and figures["most hosts touched at once"] <= budget["at_once"]
        and figures["clashes on a host"] == 0
        and figures["states"] == {"resolved": figures["incidents"]}
        and figures["proof"] == "whole"
    )


def main() -> int:
    """Run it. Exit code 1 if a law was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--incidents", type=int, default=500)
    parser.add_argument("--hosts", type=int, default=50)
    given = parser.parse_args()
    logging.basicConfig(level="WARNING", stream=sys.stderr)
    with open_ground(given.engine) as ground:
        figures = play(Crowd(ground.new("crowd"), given.incidents, given.hosts), given.workers)
    print(json.dumps({"engine": given.engine, **figures}, indent=1))
    return int(not good(figures))


if __name__ == "__main__":
    raise SystemExit(main())
