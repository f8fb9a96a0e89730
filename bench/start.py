"""How long it takes from a stored detection to the start of its Ansible process: rules, nothing to approve.

The start is read by a stand-in for `ansible-playbook` that writes down the time and becomes the real one: a shell's
start later than the process's own, so never too early (the kernel's own record counts in steps of 10 ms). The detection
is taken as stored when the store says so (`opened_at`), which is before its commit. One incident at a time, each on a
host that nothing ran on before.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import shlex
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.distributed import distributed
from bench.figures import Line, load, percentile, say
from bench.load import PATH
from bench.server import FLEET, Running, embedded
from catalog.vetting import vet
from tests.unit.content import write

ENGINES: dict[str, Callable[..., AbstractContextManager[Running]]] = {"embedded": embedded, "distributed": distributed}
AIMS_MS = {"embedded": 25, "distributed": 60}
TAIL = 4
"""The aim for the 99th percentile, as a multiple of that for the median."""
_WARM = 3
_LONGEST_SECONDS = 60.0
_ENDED = ("resolved", "escalated", "closed", "rejected", "expired")


def measure(engine: str, samples: int) -> Line:
    """Report *samples* problems one after the other."""
    with ExitStack() as house:
        folder = Path(house.enter_context(tempfile.TemporaryDirectory()))
        healthy = house.enter_context(socket.create_server(("127.0.0.1", 0)))
        starts = folder / "starts"
        python = stand_in(folder / "venv", starts)
        content = partial(write_content, port=int(healthy.getsockname()[1]), hosts=samples + _WARM)
        server = house.enter_context(ENGINES[engine](folder, content, python))
        taken = [_one(server, starts, f"h{number}") for number in range(samples + _WARM)][_WARM:]
    after_storing, after_answer = ([1000 * one[kind] for one in taken] for kind in (0, 1))
    p50, p99 = percentile(after_storing, 0.5), percentile(after_storing, 0.99)
    aim = AIMS_MS[engine]
    return {
        "what": "start",
        "engine": engine,
        "samples": samples,
        "p50_ms": round(p50, 1),
        "p99_ms": round(p99, 1),
        "after_the_answer_p50_ms": round(percentile(after_answer, 0.5), 1),
        "fastest_ms": round(min(after_storing), 1),
        "aim_p50_ms": aim,
        "aim_p99_ms": TAIL * aim,
        "met": p50 < aim and p99 < TAIL * aim,
        "load": load(),
    }


def _one(server: Running, starts: Path, host: str) -> tuple[float, float]:
    """Seconds from the storing of a detection, and from its answer, to the start of Ansible."""
    time.sleep(random.uniform(0.05, 0.3))  # in step with nothing that happens once a second
    detection = {"fleet": FLEET, "host": host, "symptom": "port_closed", "subject": "web"}
    place = urlsplit(server.url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {server.token}"}
    connection.request("POST", PATH, json.dumps(detection), headers)
    answer = connection.getresponse()
    said = answer.read()
    answered_at = time.time()
    connection.close()
    assert answer.status == 201, said
    incident = _ended(server, json.loads(said)["accepted"][0]["incident"])
    stored_at = datetime.fromisoformat(incident["opened_at"]).timestamp()
    [run] = incident["runs"]
    assert run["status"] == "successful", run
    [at] = [float(line.split()[0]) for line in starts.read_text().splitlines() if line.endswith(f" {run['id']}")]
    return at - stored_at, at - answered_at


def _ended(server: Running, incident: str) -> Any:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.5)  # asking costs time of the same processor
        found = server.decoded(f"/incidents/{incident}")
        if found["state"] in _ENDED:
            assert found["state"] == "resolved", found["reason"]
            return found
    raise RuntimeError(f"{incident} did not end")


def stand_in(venv: Path, starts: Path) -> str:
    """A Python that is ours in all but the programs beside it: there, `ansible-playbook` notes when it starts."""
    own = Path(sys.prefix)
    (venv / "bin").mkdir(parents=True)
    shutil.copy(own / "pyvenv.cfg", venv)
    (venv / "lib").symlink_to(own / "lib")
    for program in (own / "bin").iterdir():
        if program.name != "ansible-playbook":
            (venv / "bin" / program.name).symlink_to(program)
    note = f'echo "$EPOCHREALTIME $FLEETMEND_RUN" >> {shlex.quote(str(starts))}'
    real = shlex.quote(str(own / "bin" / "ansible-playbook"))
    program = write(venv / "bin" / "ansible-playbook", f'#!/bin/bash\n{note}\nexec {real} "$@"\n')
    program.chmod(0o755)
    return str(venv / "bin" / "python")


def write_content(content: Path, *, port: int, hosts: int, **file: Any) -> None:
    """A fleet of hosts that are this machine, and a remedy that does nothing. Its port answers, so all is healed.

    *file* are further keys of `fleet.yml`.
    """
    local = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "fleetmend_tcp": {"web": {"port": port, "address": "127.0.0.1"}},
    }
    names = dict.fromkeys(f"h{number}" for number in range(hosts))
    write(content / "inventory" / FLEET / "hosts.yml", {"all": {"hosts": names, "vars": local}})
    auto = {"auto": {"risk": "low", "confidence": 0.0}, "require_proof": "never"}
    fleet = {
        "mode": "auto",
        "policy": auto,
        "inventory_ttl": "1d",
        "budget": {"runs_per_hour": 10_000},
        "storms": "off",
        **file,
    }
    write(content / "inventory" / FLEET / "fleet.yml", fleet)
    write_nothing(content, treats="port_closed")


def write_nothing(content: Path, *, treats: str) -> None:
    """A vetted remedy for the symptom *treats* that does nothing."""
    card = {"title": "Do nothing", "treats": [treats], "risk": "low", "parameters": {}}
    card |= {"verify": {"within": "20s", "hold": "0s"}, "cooldown": "0s"}
    write(content / "playbooks" / "nothing.remedy.yml", card)
    play = {"name": "Do nothing", "hosts": "all", "gather_facts": False, "roles": ["nothing"]}
    write(content / "playbooks" / "nothing.yml", [play])
    write(content / "roles" / "nothing" / "tasks" / "main.yml", [{"name": "Nothing", "ansible.builtin.meta": "noop"}])
    spec = {"argument_specs": {"main": {"short_description": "nothing", "options": {}}}}
    write(content / "roles" / "nothing" / "meta" / "argument_specs.yml", spec)
    vet(content)


def main() -> int:
    """Print the figures as JSON, one line an engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=60)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    given = parser.parse_args()
    for engine in given.engines:
        say(measure(engine, given.samples))
    return 0


if __name__ == "__main__":
    sys.exit(main())
