"""How long one sweep over many node_exporter pages takes: read, judged, stored and folded.

The loop's own sweep in the tests' world, which has a real store; the pages come from a process of its own
(`bench/exporters.py`), whose cost is not in the processor time. In every sweep the disks of 2 % of the hosts fill up,
those of 2 % are mended, and those of 2 % stay full.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from bench.exporters import Exporters, address, exporters, page, unwell
from bench.figures import Line, load, median, say
from core.fleets import Host
from tests.world import House, open_house

SIZES = (1_000, 10_000)
AIM_SECONDS = 5.0
"""For the first of SIZES."""
GROWTH = 11.0
"""The most that the largest may cost, as a multiple of the smallest."""
_UNITS = ("nginx", "postgresql@15-main", "cron", "ssh")


def measure(hosts: int, sweeps: int) -> Line:
    """Sweep *hosts* once to know them (two looks at every page), and then so often; each sweep is checked."""
    with ExitStack() as house:
        server = house.enter_context(exporters())
        folder = Path(house.enter_context(tempfile.TemporaryDirectory()))
        world = house.enter_context(
            open_house(
                folder,
                settings={"database_url": f"sqlite:///{folder / 'sweeps.db'}", "most_due": hosts},  # no worker is there
                hosts=[_host(number, server.port) for number in range(hosts)],
                mode="observe",
                storms="off",  # each host's disk has an incident of its own: more to fold, and all of it can be checked
                sweeps=[{"every": "1m", "probes": ["node_exporter"]}],
                inventory_ttl="1d",
            )
        )
        first, *taken = [_sweep(world, server, hosts, turn) for turn in range(1, 2 + sweeps)]
    return {
        "what": "sweep",
        "hosts": hosts,
        "seconds": round(median([one[0] for one in taken]), 2),
        "each_run": [round(one[0], 2) for one in taken],
        "cpu_seconds": round(median([one[1] for one in taken]), 2),
        "first_seconds": round(first[0], 2),
        "page_bytes": len(page(0, 0, 1e6)),
        "begin_and_end": sum(unwell(number, 0) and not unwell(number, 1) for number in range(hosts)),
        "aim": AIM_SECONDS if hosts == SIZES[0] else None,
        "met": max(one[0] for one in taken) < AIM_SECONDS if hosts == SIZES[0] else None,
        "load": load(),
    }


def _host(number: int, port: int) -> Host:
    watched = {"fleetmend_node_exporter": {"node": {"port": port}}, "ansible_host": address(number)}
    services = {unit.partition("@")[0]: {"unit": unit} for unit in _UNITS}
    return Host(name=f"h{number}", groups=("all",), variables=watched | {"fleetmend_services": services})


def _sweep(world: House, server: Exporters, hosts: int, turn: int) -> tuple[float, float]:
    """One sweep in wall-clock and processor seconds. What is live then has to be what is unwell, and nothing else."""
    server.turn()
    world.clock.advance(timedelta(minutes=1))
    begin, worked = time.perf_counter(), time.process_time()
    assert world.loop.sweeps.tick("demo", 0, world.clock.now())
    took, worked = time.perf_counter() - begin, time.process_time() - worked
    live = world.loop.context.store.incidents.newest(live=True, limit=hosts)
    said = sorted((one.host, one.symptom, one.subject) for one in live)
    full = sorted((f"h{number}", "disk_full", "/") for number in range(hosts) if unwell(number, turn))
    if said != full:
        raise RuntimeError(f"sweep {turn}: {len(said)} incidents are live, and {len(full)} disks are full")
    return took, worked


def compare(lines: list[Line]) -> Line:
    """What the largest costs, as a multiple of the smallest."""
    seconds, worked = ([float(str(one[kind])) for one in lines] for kind in ("seconds", "cpu_seconds"))
    ratio = round(seconds[-1] / seconds[0], 1)
    return {
        "what": "sweep, growth",
        "hosts": [one["hosts"] for one in lines],
        "times": ratio,
        "cpu_times": round(worked[-1] / worked[0], 1),
        "aim": GROWTH,
        "met": ratio <= GROWTH,
        "load": load(),
    }


def lines(sizes: tuple[int, ...] = SIZES, sweeps: int = 3) -> Iterator[Line]:
    """Measure every size, and compare."""
    taken = []
    for hosts in sizes:
        taken.append(measure(hosts, sweeps))
        yield taken[-1]
    if len(taken) > 1:
        yield compare(taken)


def main() -> int:
    """Print the figures as JSON, one line a size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--sweeps", type=int, default=3)
    given = parser.parse_args()
    for line in lines(tuple(given.sizes), given.sweeps):
        say(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
