"""How much memory `fleetmend up` takes when it is idle, and after 100,000 detections."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Line, load, median, memory_mb, say
from bench.load import PATH, bodies
from bench.server import Running, embedded

AIM = 1.2
"""The most that it may take afterwards, as a multiple of before."""
_BATCH = 100
_IDLE_SECONDS, _LOOKS = 10, 5


def measure(detections: int) -> Line:
    """Post *detections* in batches. Idle is what it takes once it has answered a few posts and everything is loaded."""
    with tempfile.TemporaryDirectory() as temporary, embedded(Path(temporary)) as server:
        server.ask(PATH, json.dumps([json.loads(body) for body in bodies(1)]).encode())
        while server.figure("fleetmend_incidents_due"):
            time.sleep(0.1)
        idle = _settled(server)
        batches = [body.encode() for body in bodies(_BATCH)]
        for number in range(detections // _BATCH):
            server.ask(PATH, batches[number % len(batches)])
        at_once, later = memory_mb(server.process.pid), _settled(server)
    return {
        "what": "memory",
        "engine": "embedded",
        "detections": detections,
        "idle_mb": round(idle),
        "right_after_mb": round(at_once),
        "after_mb": round(later),
        "ratio": round(later / idle, 2),
        "aim": AIM,
        "met": later <= AIM * idle,
        "load": load(),
    }


def _settled(server: Running) -> float:
    looks = []
    for _ in range(_LOOKS):
        time.sleep(_IDLE_SECONDS / _LOOKS)
        looks.append(memory_mb(server.process.pid))
    return median(looks)


def main() -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detections", type=int, default=100_000)
    say(measure(parser.parse_args().detections))
    return 0


if __name__ == "__main__":
    sys.exit(main())
