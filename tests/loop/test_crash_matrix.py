"""A sample of the crash matrix (`make test-crash` is the whole of it): processes are killed where the loop writes."""

from __future__ import annotations

import json
import subprocess
import sys

from core.points import Point
from core.settings import CHECKOUT
from tests.crash.scenarios import SCENARIOS

SAMPLES = {"sqlite": ("--kills", "20"), "postgresql": ("--kills", "10", "--scenarios", "8")}
"""The same loop runs on both; on SQLite, every scenario is played, so that each point is come by."""


def test_nothing_is_lost_or_repeated_or_stuck_when_processes_are_killed(engine: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.matrix", "--engine", engine, *SAMPLES[engine]],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    figures = json.loads(done.stdout)
    assert figures["engine"] == engine
    assert figures["kills"] >= int(SAMPLES[engine][1])
    assert figures["detections answered"] > 0
    assert figures["executions"] > 0
    for bad in ("detections lost", "runs repeated", "incidents stuck", "proofs broken"):
        assert figures[bad] == 0, done.stderr
    if figures["scenarios"] == len(SCENARIOS):
        assert figures["points that no scenario comes by"] == []
        assert figures["places to be killed at"] > len(Point) * 2
