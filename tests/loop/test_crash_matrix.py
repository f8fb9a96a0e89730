"""A sample of the crash matrix (`make test-crash` is the whole of it): processes are killed where the loop writes."""

from __future__ import annotations

import json
import subprocess
import sys

from core.points import Point
from core.settings import CHECKOUT

KILLS = 20


def test_nothing_is_lost_or_repeated_or_stuck_when_processes_are_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.matrix", "--kills", str(KILLS)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    figures = json.loads(done.stdout)
    assert figures["kills"] >= KILLS
    assert figures["points that no scenario comes by"] == []
    assert figures["places to be killed at"] > len(Point) * 2
    assert figures["detections answered"] > 0
    assert figures["executions"] > 0
    for bad in ("detections lost", "runs repeated", "incidents stuck", "proofs broken"):
        assert figures[bad] == 0, done.stderr
