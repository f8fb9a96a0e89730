"""How many events a minute get a run each: detection, plan, policy, a playbook that does nothing, verification.

`fleetmend up`, all events at once, each on a host of its own (which is this machine); storms are off, so that no two
are one problem. No more runs than the budget allows may have been there at once, and none may be lost or twice.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench.figures import Line, cpu_seconds, load, say
from bench.load import PATH
from bench.server import FLEET, Running, embedded
from bench.start import write_content

EVENTS = 60
AIM_PER_MINUTE = 30.0
_AT_ONCE = 4
"""Runs at once that the budget allows: on two cores, more would only wait for each other."""
_LONGEST_SECONDS = 300.0


def measure(events: int = EVENTS) -> Line:
    """Report *events* at once, and wait until the last one has ended."""
    with ExitStack() as house:
        folder = Path(house.enter_context(tempfile.TemporaryDirectory()))
        healthy = house.enter_context(socket.create_server(("127.0.0.1", 0)))
        budget = {"runs_per_hour": events, "concurrent_runs": _AT_ONCE}
        content = partial(write_content, port=int(healthy.getsockname()[1]), hosts=events, budget=budget, storms="off")
        server = house.enter_context(embedded(folder, content))
        server.decoded(f"/fleets/{FLEET}")
        worked, begin = cpu_seconds(server.process.pid), time.monotonic()
        found = [_event(number) for number in range(events)]
        accepted = json.loads(server.ask(PATH, json.dumps(found).encode()))["accepted"]
        took = _all_ended(server, begin)
        worked = cpu_seconds(server.process.pid) - worked
        runs = _runs(server, [one["incident"] for one in accepted])
        most = _most_at_once(runs)
        problem = _problem(server, runs, events, most)
    if problem is not None:
        raise RuntimeError(problem)
    per_minute = 60 * events / took
    return {
        "what": "actions",
        "events": events,
        "seconds": round(took, 1),
        "per_minute": round(per_minute, 1),
        "runs_at_once": most,
        "cpu_ms_per_event": round(1000 * worked / events),
        "aim": AIM_PER_MINUTE,
        "met": per_minute >= AIM_PER_MINUTE,
        "cores": os.cpu_count(),
        "load": load(),
    }


def _event(number: int) -> dict[str, Any]:
    return {"fleet": FLEET, "host": f"h{number}", "symptom": "port_closed", "subject": "web", "severity": "critical"}


def _all_ended(server: Running, begin: float) -> float:
    """Seconds since *begin* when nothing is live any more."""
    while time.monotonic() - begin < _LONGEST_SECONDS:
        if not server.decoded("/incidents?live=true&limit=1"):
            return time.monotonic() - begin
        time.sleep(0.5)  # asking costs time of the same processors
    left = Counter((one["state"], one["reason"]) for one in server.decoded("/incidents?live=true&limit=1000"))
    raise RuntimeError(f"they do not end: {left.most_common(3)}")


def _runs(server: Running, incidents: list[str]) -> list[dict[str, Any]]:
    """The runs of *incidents*, each of which is resolved by the one that it has."""
    found = []
    for incident in incidents:
        whole = server.decoded(f"/incidents/{incident}")
        if whole["state"] != "resolved" or len(whole["runs"]) != 1:
            raise RuntimeError(f"{incident} is {whole['state']} after {len(whole['runs'])} runs: {whole['reason']}")
        found += whole["runs"]
    return found


def _most_at_once(runs: list[dict[str, Any]]) -> int:
    """How many of *runs* went on at the same time, at most."""
    begun = [(datetime.fromisoformat(one["started_at"]), 1) for one in runs]
    ended = [(datetime.fromisoformat(one["ended_at"]), -1) for one in runs]
    now = most = 0
    for _, step in sorted(begun + ended):  # at the same moment, an end comes before a beginning
        now += step
        most = max(most, now)
    return most


def _problem(server: Running, runs: list[dict[str, Any]], events: int, most: int) -> str | None:
    """What is wrong afterwards, or None."""
    hosts = Counter(host for one in runs for host in one["hosts"])
    looks = {
        f"{len(runs)} runs, {len(hosts)} hosts": len(runs) == len(hosts) == events,
        f"not every run was successful: {runs}": all(one["status"] == "successful" for one in runs),
        f"{most} runs at once, and the budget allows {_AT_ONCE}": most <= _AT_ONCE,
        "detections were lost": server.figure("fleetmend_detections_accepted_total") == events,
        "the journal is not whole": server.decoded("/journal/verify")["violation"] is None,
    }
    return next((words for words, holds in looks.items() if not holds), None)


def main() -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    say(measure(parser.parse_args().events))
    return 0


if __name__ == "__main__":
    sys.exit(main())
