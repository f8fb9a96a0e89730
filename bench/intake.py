"""How many detections a second are posted to the API and stored durably: singly, and in batches of 100."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from bench.load import Rate, generator, post
from bench.server import Running, running

PEER = 686
"""Posts a second that ansible-rulebook's own webhook source took on two cores, in memory only, from the same wrk."""


def measure(batch: int, *, seconds: int, runs: int, connections: int) -> dict[str, object]:
    """Post to a new server *runs* times, and compare what it answered with what it stored."""
    rates: list[Rate] = []
    with tempfile.TemporaryDirectory() as temporary, running(Path(temporary)) as server:
        folder = Path(temporary)
        warm = post(server, batch, seconds=2, connections=connections, folder=folder)
        rates = [post(server, batch, seconds=seconds, connections=connections, folder=folder) for _ in range(runs)]
        stored, answered = _stored(server), batch * (warm.posts + sum(rate.posts for rate in rates))
        memory = _memory(server)
        whole = _whole(server)
    per_second = statistics.median(rate.per_second for rate in rates) * batch
    return {
        "batch": batch,
        "detections_per_second": round(per_second),
        "each_run": [round(rate.per_second * batch) for rate in rates],
        "failed": sum(rate.failed for rate in [warm, *rates]),
        "answered": answered,
        "stored": stored,
        "lost": max(0, answered - stored),
        "memory_mb": memory,
        "journal": whole,
        "times_the_peer": round(per_second / PEER, 2),
    }


def _ask(server: Running, path: str) -> str:
    request = urllib.request.Request(server.url + path, headers={"Authorization": f"Bearer {server.token}"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        return str(answer.read().decode())


def _stored(server: Running) -> int:
    [line] = [
        line for line in _ask(server, "/metrics").splitlines() if line.startswith("fleetmend_detections_accepted_total")
    ]
    return int(float(line.split()[-1]))


def _memory(server: Running) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) // 1024


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
    version = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    print(f"commit {version.strip()}, posted by {generator()}, {given.connections} connections", file=sys.stderr)
    for batch in given.batches:
        print(json.dumps(measure(batch, seconds=given.seconds, runs=given.runs, connections=given.connections)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
