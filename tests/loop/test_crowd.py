"""Eight workers in processes of their own, on one store (`make test-crash` takes 500 incidents on 50 hosts)."""

from __future__ import annotations

import json
import subprocess
import sys

from core.settings import CHECKOUT

WORKERS, INCIDENTS, HOSTS = 8, 60, 10


def test_workers_share_hosts_and_budgets_and_finish_everything(engine: str) -> None:
    command = [sys.executable, "-m", "tests.crash.crowd", "--engine", engine]
    given = {"--workers": WORKERS, "--incidents": INCIDENTS, "--hosts": HOSTS}
    done = subprocess.run(
        command + [str(word) for pair in given.items() for word in pair],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    figures, budget = json.loads(done.stdout), json.loads(done.stdout)["budget"]
    assert figures["engine"] == engine
    assert figures["executions"] == INCIDENTS
    assert figures["executions repeated"] == 0
    assert figures["clashes on a host"] == 0
    assert figures["hours passed"] > 0, "the budgets of an hour were to run out"
    assert figures["most runs at once"] <= budget["concurrent_runs"]
    assert figures["most hosts touched at once"] <= budget["at_once"]
    assert figures["most runs an hour"] <= budget["runs_per_hour"]
    assert figures["most hosts an hour"] <= budget["hosts_per_hour"]
    assert figures["states"] == {"resolved": INCIDENTS}
    assert figures["proof"] == "whole"
    assert done.stderr == "", "no step failed, and no lease was lost"
