"""Eight workers in processes of their own, on one store (`make test-crash` takes 500 incidents on 50 hosts)."""

from __future__ import annotations

import json
import subprocess
import sys

from core.settings import CHECKOUT

WORKERS, INCIDENTS, HOSTS = 8, 100, 10


def test_workers_share_hosts_and_budgets_and_finish_everything() -> None:
    command = [sys.executable, "-m", "tests.crash.crowd"]
    given = {"--workers": WORKERS, "--incidents": INCIDENTS, "--hosts": HOSTS}
    done = subprocess.run(
        command + [str(word) for pair in given.items() for word in pair],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    figures = json.loads(done.stdout)
    assert figures["executions"] == INCIDENTS
    assert figures["executions repeated"] == 0
    assert figures["most runs at once on a host"] == 1
    assert figures["most runs at once"] <= figures["budget"]
    assert figures["states"] == {"resolved": INCIDENTS}
    assert figures["proof"] == "whole"
    assert done.stderr == "", "no step failed, and no lease was lost"
