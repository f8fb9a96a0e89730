"""How long a storm of alerts with one cause takes to be stored, and how the API answers meanwhile.

`fleetmend up` with a fleet of so many hosts; on each of them the same unit fails, and an Alertmanager tells of it: in
one notification for all, in groups of 64, and in one for each host. Afterwards there has to be one live incident with
one plan, all hosts and every alert.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.alertmanager import UNIT, send
from bench.figures import Line, cpu_seconds, load, percentile, say
from bench.server import FLEET, Running, embedded
from bench.start import write_nothing
from tests.unit.content import write

ALERTS = 10_000
GROUPS = (ALERTS, 64, 1)
"""Alerts in a notification: grouped by the alert's name, by rack, and by host."""
AIM_SECONDS, AIM_READ_MS = 10.0, 250.0
_SENDERS = 64
"""Alertmanager sends its groups all at once."""
_READ = "/api/v1/incidents?live=true"
_BETWEEN_READS = 0.02
_LONGEST_SECONDS = 60.0
_SECRET = "of-the-benchmark's-own-alertmanager"


def measure(group: int, alerts: int = ALERTS) -> Line:
    """Let the storm come, *group* alerts in a notification."""
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded(Path(folder), partial(write_content, hosts=alerts), FLEETMEND_ALERTMANAGER_TOKEN=_SECRET) as server,
    ):
        server.decoded(f"/fleets/{FLEET}")  # its inventory is resolved before anything is wrong
        server.ask(_READ)
        worked = cpu_seconds(server.process.pid)
        with _Reader(server) as reader:
            sent = send(server.url, _SECRET, alerts, group, _SENDERS)
        worked = cpu_seconds(server.process.pid) - worked
        planned = _planned(server)
        problem = _problem(server, alerts, sent)
    if problem is not None:
        raise RuntimeError(problem)
    p99 = 1000 * percentile(reader.seconds, 0.99)
    return {
        "what": "storm",
        "alerts": alerts,
        "group": group,
        "seconds": round(sent["seconds"], 2),
        "planned_after_seconds": round(planned, 2),
        "slowest_notification_seconds": round(sent["slowest"], 2),
        "sent_again": sent["sent_again"],
        "cpu_seconds": round(worked, 1),
        "read_p50_ms": round(1000 * percentile(reader.seconds, 0.5)),
        "read_p99_ms": round(p99),
        "reads": len(reader.seconds),
        "aim_seconds": AIM_SECONDS,
        "aim_read_p99_ms": AIM_READ_MS,
        "met": sent["seconds"] < AIM_SECONDS and p99 < AIM_READ_MS,
        "load": load(),
    }


class _Reader:
    """Reads the live incidents again and again, as a page that is open does."""

    def __init__(self, server: Running) -> None:
        self._place, self._token = urlsplit(server.url), server.token
        self._over, self._thread = threading.Event(), threading.Thread(target=self._read)
        self.seconds: list[float] = []

    def __enter__(self) -> _Reader:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _read(self) -> None:
        connection = http.client.HTTPConnection(str(self._place.hostname), self._place.port)
        while not self._over.wait(_BETWEEN_READS):
            begin = time.perf_counter()
            connection.request("GET", _READ, headers={"Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            answer.read()
            self.seconds.append(time.perf_counter() - begin)
            assert answer.status == 200, answer.status


def _planned(server: Running) -> float:
    """Seconds from the last answer until the storm has its plan, which is shown and asked for."""
    begin = time.perf_counter()
    while time.perf_counter() - begin < _LONGEST_SECONDS:
        if [one["state"] for one in server.decoded("/incidents?live=true")] == ["awaiting_approval"]:
            return time.perf_counter() - begin
        time.sleep(0.2)
    raise RuntimeError(f"nobody is asked: {server.decoded('/incidents?live=true&limit=5')}")


def _problem(server: Running, alerts: int, sent: dict[str, Any]) -> str | None:
    """What is wrong afterwards, or None."""
    [live] = server.decoded("/incidents?live=true&limit=1000")
    whole = server.decoded(f"/incidents/{live['id']}")
    hosts = sorted(whole["hosts"])
    kept = server.figure("fleetmend_detections_accepted_total")
    looks = {
        "the storm's symptom is another": (live["symptom"], live["subject"]) == ("service_failed", UNIT),
        f"it has {len(whole['plans'])} plans": len(whole["plans"]) == 1,
        f"it has {len(hosts)} hosts": hosts == sorted(f"h{number}" for number in range(alerts)),
        f"it counts {live['detections']} detections": live["detections"] == alerts,
        f"{kept} detections were stored": kept == alerts,
        f"{sent['unsent']} notifications were not sent": not sent["unsent"],
        "the journal is not whole": server.decoded("/journal/verify")["violation"] is None,
    }
    return next((words for words, holds in looks.items() if not holds), None)


def write_content(content: Path, *, hosts: int) -> None:
    """A fleet in which people are asked, and a remedy for a failed unit that does nothing."""
    local = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "fleetmend_services": {UNIT: {}},
    }
    names = dict.fromkeys(f"h{number}" for number in range(hosts))
    write(content / "inventory" / FLEET / "hosts.yml", {"all": {"hosts": names, "vars": local}})
    write(content / "inventory" / FLEET / "fleet.yml", {"mode": "approve", "inventory_ttl": "1d"})
    write_nothing(content, treats="service_failed")


def lines(alerts: int = ALERTS, groups: tuple[int, ...] = GROUPS) -> Iterator[Line]:
    """Measure every size of notification."""
    for group in groups:
        yield measure(min(group, alerts), alerts)


def main() -> int:
    """Print the figures as JSON, one line a size of notification."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=ALERTS)
    parser.add_argument("--groups", type=int, nargs="+", default=list(GROUPS))
    given = parser.parse_args()
    for line in lines(given.alerts, tuple(given.groups)):
        say(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
