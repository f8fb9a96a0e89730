"""Sends notifications as Alertmanager does, over several kept-open connections, as a process of its own.

`BENCH_TOKEN=… python -m bench.alertmanager URL ALERTS GROUP SENDERS` prints a line of JSON when all are answered.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from bench.server import CHECKOUT

PATH = "/api/v1/hooks/alertmanager"
UNIT = "web"
_TRIES, _PAUSE_SECONDS = 10, 0.2


def notification(first: int, alerts: int, at: datetime) -> str:
    """The group of the hosts from *first* on: on each, the same unit has failed."""
    common = {"alertname": "NodeSystemdServiceFailed", "job": "node", "name": f"{UNIT}.service", "state": "failed"}
    common |= {"severity": "warning", "type": "simple"}
    return json.dumps(
        {
            "version": "4",
            "groupKey": f'{{}}/{{}}:{{alertname="{common["alertname"]}", rack="r{first}"}}',
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "fleetmend",
            "groupLabels": {"alertname": common["alertname"], "rack": f"r{first}"},
            "commonLabels": common,
            "commonAnnotations": {"summary": "Systemd service has entered failed state."},
            "externalURL": "http://alertmanager.example:9093",
            "alerts": [_alert(number, first, common, at) for number in range(first, first + alerts)],
        }
    )


def _alert(number: int, rack: int, common: dict[str, str], at: datetime) -> dict[str, Any]:
    instance = f"h{number}:9100"
    said = f"Systemd service {UNIT}.service has entered failed state at {instance}"
    return {
        "status": "firing",
        "labels": common | {"instance": instance, "rack": f"r{rack}"},
        "annotations": {
            "description": said,
            "summary": "Systemd service has entered failed state.",
            "runbook_url": "https://runbooks.example/node/nodesystemdservicefailed",
        },
        "startsAt": at.isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=node_systemd_unit_state%3D%3D1&g0.tab=1",
        "fingerprint": f"{number:016x}",
    }


def send(url: str, token: str, alerts: int, group: int, senders: int) -> dict[str, Any]:
    """Run the process, and answer what it says."""
    command = [sys.executable, "-m", "bench.alertmanager", url, *map(str, (alerts, group, senders))]
    given = os.environ | {"BENCH_TOKEN": token}
    said = subprocess.run(command, cwd=CHECKOUT, env=given, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(said))


def _send(url: str, token: str, bodies: list[str], senders: int) -> dict[str, Any]:
    place, waiting = urlsplit(url), SimpleQueue[str]()
    for body in bodies:
        waiting.put(body)
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {token}",
        "User-Agent": "Alertmanager/0.27",
    }
    seconds: list[float] = []
    again: list[int] = []

    def work() -> None:
        connection = http.client.HTTPConnection(str(place.hostname), place.port)
        while True:
            try:
                body = waiting.get_nowait()
            except Empty:
                return
            for _ in range(_TRIES):
                begin = time.perf_counter()
                connection.request("POST", PATH, body, headers)
                answer = connection.getresponse()
                said = answer.read()
                seconds.append(time.perf_counter() - begin)
                if answer.status < 300:
                    break
                if answer.status < 500:
                    raise RuntimeError(said)
                again.append(answer.status)  # Alertmanager sends it again, too
                time.sleep(_PAUSE_SECONDS)

    begin = time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begin
    return {"seconds": took, "slowest": max(seconds), "sent_again": len(again), "unsent": waiting.qsize()}


def main(url: str, alerts: int, group: int, senders: int) -> None:
    """Make every body, and then send them."""
    now = datetime.now(UTC)
    bodies = [notification(first, min(group, alerts - first), now) for first in range(0, alerts, group)]
    print(json.dumps(_send(url, os.environ["BENCH_TOKEN"], bodies, senders)))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
