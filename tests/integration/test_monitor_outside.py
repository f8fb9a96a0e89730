"""The http and tcp probes against real servers on loopback, well-behaved and not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from core.fleets import Host
from core.samples import Sample
from monitor.controller_probes import BODY, ControllerProbes

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def server(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that gives every connection to *handle*; yields its port."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection: socket.socket) -> None:
            with connection:
                connection.settimeout(10)
                try:
                    handle(connection)
                except OSError:
                    return  # the probe hung up, as it should

        def accept() -> None:
            while not over.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield int(listener.getsockname()[1])
        over.set()


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    return handle


def hanging(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.recv(1)


def dripping(connection: socket.socket) -> None:
    """Headers that never end, one byte at a time: no single read takes long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def flooding(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n")
    while True:
        connection.sendall(b"x" * BODY)


def measure(probe: str, **entries: Any) -> dict[tuple[str, str], Sample]:
    host = Host(name="h1", variables={f"fleetmend_{probe}": entries, "ansible_host": "127.0.0.1"})
    samples = ControllerProbes().measure([(host, probe)], NOW)
    return {(sample.name, sample.subject): sample for sample in samples}


def ask(port: int, **entry: Any) -> dict[tuple[str, str], Sample]:
    return measure("http", web={"url": f"http://127.0.0.1:{port}/health", "timeout": 5} | entry)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_url_that_is_well() -> None:
    with server(answering(OK)) as port:
        found = ask(port, service="shop")
    sample = found["http.ok", "web"]
    assert (sample.value, sample.service, sample.at) == (1, "shop", NOW)
    assert sample.evidence == {"expected": "200", "status": 200}
    assert 0 < float(found["http.seconds", "web"].value) < 5
    assert found["probe.ok", "http"].value == 1


@pytest.mark.parametrize(("expected", "well"), [(200, 0), (503, 1), ([200, 503], 1), ([200, 204], 0)])
def test_the_status_that_is_expected(expected: Any, well: int) -> None:
    with server(answering(b"HTTP/1.1 503 Out\r\nContent-Length: 0\r\n\r\n")) as port:
        sample = ask(port, status=expected)["http.ok", "web"]
    assert sample.value == well
    assert sample.evidence["status"] == 503
    assert sample.evidence.get("error", "status") == "status"


def test_a_redirect_is_not_followed() -> None:
    asked = []

    def elsewhere(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(OK)

    with server(elsewhere) as other:
        redirect = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % other
        with server(answering(redirect)) as port:
            assert ask(port)["http.ok", "web"].evidence["status"] == 302
    assert asked == []


@pytest.mark.parametrize("handle", [hanging, dripping])
def test_a_server_that_takes_its_time_is_cut_off(handle: Callable[[socket.socket], None]) -> None:
    with server(handle) as port:
        found = ask(port, timeout=0.3)
    assert found["http.ok", "web"].value == 0
    assert found["http.ok", "web"].evidence["error"] == "timeout"
    assert 0.3 <= float(found["http.seconds", "web"].value) < 5


def test_a_body_without_end_is_not_read() -> None:
    with server(flooding) as port:
        assert ask(port, timeout=20)["http.ok", "web"].value == 1


@pytest.mark.parametrize("answer", [b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok"])
def test_an_answer_that_is_none(answer: bytes) -> None:
    with server(answering(answer)) as port:
        sample = ask(port)["http.ok", "web"]
    assert sample.value == 0
    assert sample.evidence["error"] == "protocol"


def test_nobody_there() -> None:
    found = ask(free_port())
    assert found["http.ok", "web"].evidence["error"] == "refused"
    assert ("http.seconds", "web") not in found
    assert found["probe.ok", "http"].value == 1


@pytest.mark.parametrize("name", ["a" * 70 + ".invalid", "a..b.invalid"])
def test_names_that_no_resolver_takes(name: str) -> None:
    assert measure("http", web={"url": f"http://{name}/"})["http.ok", "web"].evidence["error"] == "name"


def test_plain_http_where_tls_is_expected() -> None:
    with server(answering(OK)) as port:
        found = measure("http", web={"url": f"https://127.0.0.1:{port}/"})
    assert found["http.ok", "web"].evidence["error"] == "tls"


def test_one_that_hangs_does_not_hold_up_the_others() -> None:
    with server(answering(OK)) as good, server(hanging) as bad:
        urls = {f"bad{number}": {"url": f"http://127.0.0.1:{bad}/", "timeout": 0.5} for number in range(10)}
        began = time.monotonic()
        found = measure("http", good={"url": f"http://127.0.0.1:{good}/"}, **urls)
        assert time.monotonic() - began < 4  # one after the other, it would be 5
    assert found["http.ok", "good"].value == 1
    assert [found["http.ok", name].value for name in urls] == [0] * 10


def test_ports() -> None:
    with server(lambda connection: None) as port:
        found = measure("tcp", web={"port": port}, named={"port": port, "address": "127.0.0.1"})
    assert found["tcp.open", "web"].value == found["tcp.open", "named"].value == 1
    assert found["tcp.open", "web"].evidence == {"address": "127.0.0.1", "port": port}
    closed = measure("tcp", web={"port": free_port()})["tcp.open", "web"]
    assert (closed.value, closed.evidence["error"]) == (0, "refused")
    nowhere = measure("tcp", web={"port": 1, "address": f"{'a' * 70}.invalid"})["tcp.open", "web"]
    assert (nowhere.value, nowhere.evidence["error"]) == (0, "name")
