"""How many detections a second are posted to the API and stored durably: singly, and in batches of 100.

Beside a peer: ansible-rulebook's own webhook source, which keeps nothing. Both are there the whole time, and are posted
to by turns, so that what else the machine does is the same for both.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.distributed import distributed
from bench.figures import Line, cpu_seconds, load, median, memory_mb, say
from bench.load import PATH, Rate, bodies, generator, post
from bench.peer import webhook
from bench.server import Running, embedded

ENGINES = {"embedded": embedded, "postgresql": distributed}
AIMS = {1: 1.5, 100: 10.0}
"""Batch -> how many times the posts of the peer the detections should be."""
PEER_VARIABLE = "BENCH_PEER"
_WARM_SECONDS = 3


def measure(engine: str, batch: int, *, seconds: int, runs: int, connections: int, peer: Path | None) -> Line:
    """Post to a new server and to the peer by turns, *runs* times, and compare what it answered with what it stored."""
    with ExitStack() as house:
        folder = Path(house.enter_context(tempfile.TemporaryDirectory()))
        server = house.enter_context(ENGINES[engine](folder))
        other = None if peer is None else house.enter_context(webhook(peer))
        begin = time.monotonic()
        opened = _open_all(server)
        opening = time.monotonic() - begin

        def rate(at: Running, size: int, of_seconds: int = seconds) -> Rate:
            return post(at, size, seconds=of_seconds, connections=connections, folder=folder)

        for at, size in ((server, batch), *([] if other is None else [(other, 1)])):
            rate(at, size, _WARM_SECONDS)
        before, memory_before, worked = _stored(server), memory_mb(server.process.pid), cpu_seconds(server.process.pid)
        ours, theirs = [], []
        for _ in range(runs):
            ours.append(rate(server, batch))
            if other is not None:
                theirs.append(rate(other, 1))
        worked = cpu_seconds(server.process.pid) - worked
        stored, whole = _stored(server) - before, _whole(server)
        memory_after = memory_mb(server.process.pid)
    answered = batch * sum(one.posts for one in ours)
    per_second = median([one.per_second for one in ours]) * batch
    peers = median([one.per_second for one in theirs]) if theirs else None
    times = (
        None
        if peers is None
        else round(median([a.per_second * batch / b.per_second for a, b in zip(ours, theirs, strict=True)]), 2)
    )
    return {
        "what": "intake",
        "engine": engine,
        "batch": batch,
        "detections_per_second": round(per_second),
        "each_run": [round(one.per_second * batch) for one in ours],
        "peer_posts_per_second": None if peers is None else round(peers),
        "times_the_peer": times,
        "aim": AIMS.get(batch),
        "met": None if times is None or batch not in AIMS else times >= AIMS[batch],
        "failed": sum(one.failed for one in ours),
        "answered": answered,
        "lost": max(0, answered - stored),
        "journal": whole,
        "cpu_ms_per_post": round(1000 * worked * batch / max(1, answered), 2),
        "memory_mb": [round(memory_before), round(memory_after)],
        "opened_and_settled_per_second": round(opened / opening, 1),
        "load": load(),
    }


def _open_all(server: Running) -> int:
    """Open an incident for every problem, and wait until the loop has looked at each."""
    problems = [json.loads(body) for body in bodies(1)]
    server.ask(PATH, json.dumps(problems).encode())
    while server.figure("fleetmend_incidents_due"):
        time.sleep(0.1)
    return len(problems)


def _stored(server: Running) -> int:
    return server.figure("fleetmend_detections_accepted_total")


def _whole(server: Running) -> str:
    violation = server.decoded("/journal/verify")["violation"]
    return "whole" if violation is None else str(violation)


def peer_of(given: Path | None) -> Path | None:
    """The Python that has ansible-rulebook: as *given*, else as the environment says."""
    said = os.environ.get(PEER_VARIABLE)
    return given or (Path(said) if said else None)


def main() -> int:
    """Print the figures as JSON, one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 100])
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--peer", type=Path, help=f"a Python with ansible-rulebook; ${PEER_VARIABLE} by default")
    given = parser.parse_args()
    print(f"posted by {generator()} over {given.connections} connections", file=sys.stderr)
    for engine in given.engines:
        for batch in given.batches:
            settings = {"seconds": given.seconds, "runs": given.runs, "connections": given.connections}
            say(measure(engine, batch, **settings, peer=peer_of(given.peer)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
