"""How many detections a second are posted to the API and stored durably: singly, and in batches of 100."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil

from bench.load import PATH, bodies, generator, post
from bench.server import Running, running

PEER = 686
"""Posts a second that ansible-rulebook's own webhook source took on two cores, in memory only, from the same wrk."""


def measure(batch: int, *, seconds: int, runs: int, connections: int) -> dict[str, object]:
    """Post to a new server *runs* times, and compare what it answered with what it stored."""
    with tempfile.TemporaryDirectory() as temporary, running(Path(temporary)) as server:
        folder, begin = Path(temporary), time.monotonic()
        opened = _open_all(server)
        opening = time.monotonic() - begin
        post(server, batch, seconds=2, connections=connections, folder=folder)
        before, memory_before, worked = _stored(server), _memory(server), _cpu(server)
        rates = [post(server, batch, seconds=seconds, connections=connections, folder=folder) for _ in range(runs)]
        worked = _cpu(server) - worked
        stored, memory_after, whole = _stored(server) - before, _memory(server), _whole(server)
    answered = batch * sum(rate.posts for rate in rates)
    per_second = statistics.median(rate.per_second for rate in rates) * batch
    return {
        "batch": batch,
        "detections_per_second": round(per_second),
        "each_run": [round(rate.per_second * batch) for rate in rates],
        "times_the_peer": round(per_second / PEER, 2),
        "failed": sum(rate.failed for rate in rates),
        "answered": answered,
        "lost": max(0, answered - stored),
        "journal": whole,
        "cpu_ms_per_post": round(1000 * worked * batch / max(1, answered), 2),
        "memory_mb": [memory_before, memory_after],
        "opened_and_settled_per_second": round(opened / opening, 1),
        "load": round(os.getloadavg()[0], 1),
    }


def _open_all(server: Running) -> int:
    """Open an incident for every problem, and wait until the loop has looked at each."""
    problems = [json.loads(body) for body in bodies(1)]
    _ask(server, PATH, json.dumps(problems).encode())
    while _figure(server, "fleetmend_incidents_due"):
        time.sleep(0.1)
    return len(problems)


def _ask(server: Running, path: str, body: bytes | None = None) -> str:
    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"}
    request = urllib.request.Request(server.url + path, body, headers)
    with urllib.request.urlopen(request, timeout=300) as answer:
        return str(answer.read().decode())


def _figure(server: Running, name: str) -> int:
    [line] = [line for line in _ask(server, "/metrics").splitlines() if line.startswith(f"{name} ")]
    return int(float(line.split()[-1]))


def _stored(server: Running) -> int:
    return _figure(server, "fleetmend_detections_accepted_total")


def _memory(server: Running) -> int:
    """Resident memory in MB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) // 1024


def _cpu(server: Running) -> float:
    """Seconds of CPU that it took until now."""
    times = psutil.Process(server.process.pid).cpu_times()
    return float(times.user + times.system)


def _whole(server: Running) -> str:
    violation = json.loads(_ask(server, "/api/v1/journal/verify"))["violation"]
    return "whole" if violation is None else str(violation)


def main() -> int:
    """Print the figures as JSON, one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 100])
    given = parser.parse_args()
    print(f"posted by {generator()} over {given.connections} connections", file=sys.stderr)
    for batch in given.batches:
        print(json.dumps(measure(batch, seconds=given.seconds, runs=given.runs, connections=given.connections)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
