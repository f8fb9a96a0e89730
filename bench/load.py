"""Posts as fast as answers come, over kept-open connections: with wrk where it is installed, else with threads."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from bench.server import FLEET, HOSTS, SUBJECTS, Running

PATH = "/api/v1/detections"


class Rate(NamedTuple):
    """How many posts were answered 201, in how many seconds, and how many were not."""

    posts: int
    seconds: float
    failed: int

    @property
    def per_second(self) -> float:
        return self.posts / self.seconds


def bodies(batch: int) -> list[str]:
    """Bodies of *batch* detections each; together they go round over every problem of the fleet."""
    found = [
        {
            "fleet": FLEET,
            "host": f"h{number % HOSTS}",
            "symptom": "service_failed",
            "subject": f"s{number // HOSTS % SUBJECTS}",
            "severity": "warning",
            "evidence": {"exit_code": 3, "unit": "web.service", "message": "main process exited, code=exited"},
        }
        for number in range(HOSTS * SUBJECTS)
    ]
    if batch == 1:
        return [json.dumps(one) for one in found]
    return [json.dumps([found[(begin + at) % len(found)] for at in range(batch)]) for begin in range(0, 200, 7)]


def generator() -> str:
    """What posts."""
    return "wrk" if shutil.which("wrk") else "threads of our own, in Python"


def post(server: Running, batch: int, *, seconds: int, connections: int, folder: Path) -> Rate:
    """Post for so many seconds over so many connections."""
    if shutil.which("wrk"):
        return _wrk(server, bodies(batch), seconds, connections, folder)
    return _threads(server, bodies(batch), seconds, connections)


def _wrk(server: Running, texts: list[str], seconds: int, connections: int, folder: Path) -> Rate:
    quoted = ",\n".join(f"[==[{text}]==]" for text in texts)
    script = folder / "post.lua"
    script.write_text(
        f"local bodies = {{{quoted}}}\n"
        "local at = 0\n"
        'wrk.method = "POST"\n'
        'wrk.headers["Content-Type"] = "application/json"\n'
        f'wrk.headers["Authorization"] = "Bearer {server.token}"\n'
        "request = function()\n"
        "  at = at % #bodies + 1\n"
        "  return wrk.format(nil, nil, nil, bodies[at])\n"
        "end\n"
        "done = function(summary, latency, requests)\n"
        '  print(string.format("POSTS %d %d %d %d", summary.requests, summary.duration, summary.errors.status,'
        " summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))\n"
        "end\n"
    )
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), server.url + PATH]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"POSTS (\d+) (\d+) (\d+) (\d+)", said)
    if found is None:
        raise RuntimeError(said)
    requests, micros, refused, broken = map(int, found.groups())
    return Rate(requests - refused, micros / 1e6, refused + broken)


def _threads(server: Running, texts: list[str], seconds: int, connections: int) -> Rate:
    place = urlsplit(server.url)
    end = time.monotonic() + seconds
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {server.token}"}
    counted: list[tuple[int, int]] = []

    def work(first: int) -> None:
        connection, good, bad, at = http.client.HTTPConnection(str(place.hostname), place.port), 0, 0, first
        while time.monotonic() < end:
            connection.request("POST", PATH, texts[at % len(texts)], headers)
            answer = connection.getresponse()
            answer.read()
            good, bad, at = good + (answer.status == 201), bad + (answer.status != 201), at + 1
        counted.append((good, bad))

    began = time.monotonic()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Rate(sum(good for good, _ in counted), time.monotonic() - began, sum(bad for _, bad in counted))
