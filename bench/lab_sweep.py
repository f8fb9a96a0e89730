"""One agentless sweep of a lab's real hosts over SSH, against `ansible -m setup` on the same hosts in the same run.

It needs a lab that is up (`fleetmend lab up --name bench --hosts …`, as root): `python -m bench.lab_sweep bench`.
Both use the same connection settings and as many forks as there are hosts; runs of the two take turns.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.figures import Line, load, say
from core.settings import Settings
from lab.lab import Lab
from loop.wiring import wire
from runner.job import default_environment

PROBES = ("host", "services")
AIM = 0.2


def measure(lab: Lab, runs: int) -> Line:
    """Take turns *runs* times. Raises RuntimeError if a host was not reached by either."""
    with tempfile.TemporaryDirectory() as state:
        settings = Settings(content=lab.content, state=Path(state), forks=50)
        loop = wire(settings)
        try:
            fleet = loop.context.fleet("lab")
            environment = default_environment(settings).for_fleet(fleet.folder)
            words = [Path(sys.executable).parent / "ansible", "all", "-i", fleet.folder, "-m", "setup"]
            words += ["-f", str(len(fleet.hosts)), "--limit", ",".join(fleet.host_names)]

            def sweep() -> None:
                samples = loop.context.sweeper.measure(fleet, PROBES, fleet.host_names, {})
                reached = {one.host for one in samples if one.name == "probe.ok" and one.value == 1}
                if reached != set(fleet.host_names):
                    raise RuntimeError(f"not measured: {sorted(set(fleet.host_names) - reached)}")

            def setup() -> None:
                done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
                if done.returncode or done.stdout.count("| SUCCESS =>") != len(fleet.hosts):
                    raise RuntimeError(done.stdout[-500:] + done.stderr[-500:])

            sweep()
            setup()  # connections are open from here on, for both
            taken = [(_seconds(sweep), _seconds(setup)) for _ in range(runs)]
        finally:
            loop.close()
    ours, theirs = (sorted(column) for column in zip(*taken, strict=True))
    share = statistics.median(ours) / statistics.median(theirs)
    return {
        "what": "lab sweep",
        "hosts": len(fleet.hosts),
        "probes": list(PROBES),
        "runs": runs,
        "sweep_seconds": [round(one, 2) for one in ours],
        "setup_seconds": [round(one, 2) for one in theirs],
        "share": round(share, 3),
        "aim": AIM,
        "met": share <= AIM,
        "load": load(),
    }


def _seconds(act: Callable[[], None]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def main(words: Sequence[str] | None = None) -> int:
    """Measure, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lab", help="the name of a lab that is up")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args(words)
    say(measure(Lab.open(Settings().lab, given.lab), given.runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
