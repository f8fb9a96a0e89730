"""node_exporter's page and Prometheus's answers: samples as our own probes take them, and never a false alarm."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.fleets import Fleet, FleetFile, Host
from core.samples import Sample
from core.sources import PrometheusSource
from monitor.node_exporter import Cpu, items, read
from monitor.prometheus import PrometheusProbe
from monitor.scraping import Scraper

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = b"""# HELP node_load1 1m load average.
# TYPE node_load1 gauge
node_load1 3
node_load15 99
node_cpu_seconds_total{cpu="0",mode="idle"} 100
node_cpu_seconds_total{cpu="0",mode="user"} 100
node_cpu_seconds_total{cpu="1",mode="idle"} 100
node_cpu_seconds_total{cpu="1",mode="system"} 100
node_cpu_guest_seconds_total{cpu="0",mode="user"} 5
node_memory_MemTotal_bytes 1000
node_memory_MemAvailable_bytes 2.5e+02
node_memory_SwapTotal_bytes 0
node_memory_SwapFree_bytes 0
node_timex_sync_status 0
node_timex_offset_seconds -0.25
node_filesystem_size_bytes{device="/dev/vda1",fstype="ext4",mountpoint="/"} 100
node_filesystem_free_bytes{device="/dev/vda1",fstype="ext4",mountpoint="/"} 10
node_filesystem_avail_bytes{device="/dev/vda1",fstype="ext4",mountpoint="/"} 10
node_filesystem_files{device="/dev/vda1",fstype="ext4",mountpoint="/"} 200
node_filesystem_files_free{device="/dev/vda1",fstype="ext4",mountpoint="/"} 50
node_filesystem_size_bytes{device="/dev/vda1",fstype="ext4",mountpoint="/var/lib/bind"} 100
node_filesystem_size_bytes{device="proc",fstype="proc",mountpoint="/proc"} 100
node_filesystem_size_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} NaN
node_systemd_unit_state{name="web.service",state="failed",type="simple"} 1
node_systemd_unit_state{name="web.service",state="active",type="simple"} 0
node_systemd_unit_state{name="db.service",state="active",type="simple"} 1
node_load1{broken="
"""
SAMPLES = {
    ("cpu.used", ""): 0.5,
    ("load.per_core", ""): 1.5,
    ("memory.used", ""): 0.75,
    ("swap.used", ""): 0.0,
    ("disk.used", "/"): 0.9,
    ("inodes.used", "/"): 0.75,
    ("service.up", "web"): 0.0,
    ("service.failed", "web"): 1.0,
    ("service.up", "db"): 1.0,
    ("service.failed", "db"): 0.0,
    ("clock.kept", "chrony"): 0.0,
}
SERVICES: dict[str, Any] = {"web": {}, "db": {"unit": "db.service"}, "old": {"backend": "supervisor"}}


def test_a_page_gives_the_samples_of_our_own_probes() -> None:
    units = {"web.service": "web", "db.service": "db", "gone.service": "gone"}
    found = items(read(PAGE), Cpu(100, 200), units, ("chrony",))
    assert {(one.name, one.subject): pytest.approx(one.value) for one in found} == SAMPLES


def test_nothing_is_made_up_from_half_a_page() -> None:
    assert items(read(b"node_memory_MemTotal_bytes 5\nnode_load1 nan\n\xff\xfe{}"), None, {}, ()) == []
    assert "cpu.used" not in {one.name for one in items(read(PAGE), None, {}, ())}


class Answer(BaseHTTPRequestHandler):
    body: bytes = b""
    status = 200
    endless = False
    asked: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)
        while self.endless:
            try:
                self.wfile.write(b"node_load1 1\n" * 10_000)
            except OSError:
                return

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.asked.append(self.rfile.read(length).decode())
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(body: bytes, *, status: int = 200, endless: bool = False) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Own", (Answer,), {"body": body, "status": status, "endless": endless, "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def host(url: str, name: str = "h1", **more: Any) -> Host:
    variables = {"fleetmend_node_exporter": {"node": {"url": f"{url}/metrics", "timeout": 3} | more}}
    return Host(name=name, variables=variables | {"fleetmend_services": SERVICES, "fleetmend_time": {"chrony": {}}})


def values_of(samples: list[Sample]) -> dict[tuple[str, str], Any]:
    return {(one.name, one.subject): one.value for one in samples}


def test_a_host_is_scraped() -> None:
    with serving(PAGE) as (url, _):
        scraper = Scraper()
        found = values_of(scraper.measure("demo", [host(url)], NOW))
    assert found.keys() == {key for key in SAMPLES if key[0] != "cpu.used"} | {("probe.ok", "node_exporter")}
    assert found["probe.ok", "node_exporter"] == 1


@pytest.mark.parametrize(
    ("body", "options", "says"),
    [
        (b"", {"endless": True}, "longer than 4000000 bytes"),
        (b"<html>hello</html>", {}, "none of node_exporter's metrics"),
        (b"", {"status": 503}, "answers 503"),
    ],
)
def test_what_is_no_page_is_a_problem_and_no_sample(body: bytes, options: dict[str, Any], says: str) -> None:
    with serving(body, **options) as (url, _):
        [ok] = Scraper().measure("demo", [host(url)], NOW)
    assert (ok.name, ok.value) == ("probe.ok", 0)
    assert says in str(ok.evidence["error"])


def test_one_that_is_silent_is_a_problem_in_time() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        [ok] = Scraper().measure("demo", [host(url, timeout=0.2)], NOW)
    assert "within 0.2 seconds" in str(ok.evidence["error"])
    [ok] = Scraper().measure("demo", [host(url, timeout=0.2)], NOW)
    assert "can't be reached" in str(ok.evidence["error"])


FLEET = Fleet(
    name="demo",
    folder=Path("/nowhere"),
    file=FleetFile(),
    hosts=(Host(name="h1", variables={"ansible_host": "192.0.2.1"}), Host(name="h2")),
    policy_digest="",
)


def vector(*pairs: tuple[str, str]) -> bytes:
    result = [{"metric": {"instance": name, "queue": "mail"}, "value": [1767225600.1, value]} for name, value in pairs]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()


def ask(url: str, **more: Any) -> list[Sample]:
    query = {"query": "queue_depth", "sample": "queue.depth", "subject": "queue"} | more
    source = PrometheusSource(kind="prometheus", url=url, queries={"depth": query}, timeout="1s")
    probe = PrometheusProbe(lambda: {"metrics": source}, lambda _secret: "")
    return probe.measure(FLEET, ["h1", "h2"], NOW)


def test_one_query_answers_for_all_hosts() -> None:
    with serving(vector(("192.0.2.1:9100", "7"), ("h2:9100", "0.5"), ("elsewhere:9100", "9"))) as (url, asked):
        found = ask(url)
    assert {(one.host, one.name, one.subject): one.value for one in found} == {
        ("h1", "queue.depth", "mail"): 7.0,
        ("h2", "queue.depth", "mail"): 0.5,
        ("h1", "probe.ok", "prometheus"): 1.0,
        ("h2", "probe.ok", "prometheus"): 1.0,
    }
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", 200, "no JSON"),
        (b"[]", 200, "an error"),
        (b'{"status":"error","errorType":"bad_data","error":"parse error: <b>"}', 400, "400: parse error"),
        (b'{"status":"success","data":{"resultType":"matrix","result":[]}}', 200, "a matrix, and no vector"),
        (vector(("h1", "NaN"), ("h2", "+Inf")), 200, "2 values are no finite numbers"),
    ],
)
def test_an_answer_that_is_none_is_no_alarm(body: bytes, status: int, says: str) -> None:
    with serving(body, status=status) as (url, _):
        found = ask(url)
    assert [(one.name, one.value) for one in found] == [("probe.ok", 0.0)] * 2
    assert says in str(found[0].evidence["error"])


def test_no_query_may_say_that_a_host_is_reachable() -> None:
    with serving(vector(("h1", "0"))) as (url, _):
        found = ask(url, sample="host.reachable")
    assert {one.name for one in found} == {"probe.ok"}


def test_a_slow_one_is_left_alone() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = ask(f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert "no answer within 1 seconds" in str(found[0].evidence["error"])
