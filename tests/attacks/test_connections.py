"""Connections that say nothing, say it slowly, never read, or are too many: others go on being answered."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from api.front.limits import Limits
from api.server import Server
from tests.attacks.conftest import Serve, small_app
from tests.attacks.raw_client import Raw, raw
from tests.certificates import make_certificate

POST = b"POST /echo HTTP/1.1\r\nHost: h\r\n"
ECHO = POST + b"Content-Length: 2\r\n\r\nhi"


def test_who_says_nothing_is_sent_away(serve: Serve) -> None:
    server = serve(head_seconds=0.5)
    with raw(server.port) as client:
        assert client.rest() == b""


@pytest.mark.parametrize(
    "begun",
    [b"GET / HT", b"GET / HTTP/1.1\r\nX: a\r\n", POST + b"Content-Length: 10\r\n\r\nabc"],
    ids=["in the first line", "in the headers", "in the body"],
)
def test_who_does_not_go_on_is_told_that_it_took_too_long(serve: Serve, begun: bytes) -> None:
    server = serve(head_seconds=0.5, body_seconds=0.5, linger_seconds=0.5)
    with raw(server.port) as client:
        client.say(begun)
        assert client.statuses() == [408]


def test_a_byte_now_and_then_does_not_help(serve: Serve) -> None:
    server = serve(head_seconds=1.0, linger_seconds=0.5)
    over = threading.Event()
    with raw(server.port) as client:

        def drip() -> None:
            client.say(b"GET / HTTP/1.1\r\nX: ")
            while not over.wait(0.1):
                client.say(b"a")

        dripping = threading.Thread(target=drip)
        dripping.start()
        said = client.statuses()
        over.set()
        dripping.join()
    assert said == [408]


def test_a_connection_that_is_kept_open_is_not_kept_for_ever(serve: Serve) -> None:
    server = serve(idle_seconds=1.0)
    with raw(server.port) as client:
        client.say(ECHO)
        assert client.answer() == 200
        client.say(b"\r\n")  # is no request
        client.rest()


def test_who_never_reads_is_cut_off(serve: Serve) -> None:
    server = serve(unread_seconds=0.5)
    with raw(server.port) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.say(b"GET /much HTTP/1.1\r\nHost: h\r\n\r\n" * 8)
        gone = threading.Event()

        def wait() -> None:
            while True:
                try:
                    client.socket.send(b"\r\n")
                except OSError:
                    gone.set()
                    return
                if gone.wait(0.05):
                    return

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert gone.wait(20)
        waiting.join()


def test_answers_that_nobody_reads_are_bounded_together(serve: Serve) -> None:
    server = serve(unread=12_000_000)
    with ExitStack() as house:
        clients = [house.enter_context(raw(server.port)) for _ in range(12)]
        for client in clients:
            client.socket.settimeout(10)
            client.say(b"GET /much HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert httpx.post(f"{server.url}/echo", content=b"still here").content == b"still here"


def test_the_one_that_waits_longest_goes_for_a_new_one(serve: Serve) -> None:
    server = serve(connections=16)
    with ExitStack() as house:
        silent = [house.enter_context(raw(server.port)) for _ in range(40)]
        for _ in range(5):
            assert httpx.post(f"{server.url}/echo", content=b"a").status_code == 200
        assert silent[0].rest() == b"", "the first one had to go"


def test_whoever_is_being_served_stays(serve: Serve) -> None:
    server = serve(connections=16)
    with ExitStack() as house:
        served = [house.enter_context(raw(server.port)) for _ in range(8)]
        for client in served:
            client.say(POST + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n")
            assert client.answer() == 100
        # An address has half of all connections.
        late = house.enter_context(raw(server.port))
        assert late.statuses() == [503]
        for client in served:
            client.say(b"abcd")
            assert client.answer() == 200


def test_bodies_of_all_connections_are_bounded_together(serve: Serve) -> None:
    server = serve(bodies=1_000_000)
    with ExitStack() as house:
        held = [house.enter_context(raw(server.port)) for _ in range(3)]
        for client in held:
            client.say(POST + b"Content-Length: 900000\r\n\r\n" + b"a" * 450_000)
        statuses = [client for client in held if _turned_away(client)]
        assert statuses, "not all of them fit"
        for client in held:
            client.close()
        for _ in range(200):
            if httpx.post(f"{server.url}/echo", content=b"b" * 900_000).status_code == 200:
                return
    raise AssertionError("what was held was not given back")


def _turned_away(client: Raw) -> bool:
    client.socket.settimeout(1.0)
    try:
        return client.answer() == 503
    except TimeoutError:
        return False


def test_silence_before_tls_is_bounded_too(tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    limits = Limits(connections=16, handshake_seconds=5.0)
    with (
        Server(small_app(), host="127.0.0.1", port=0, tls_cert=cert, tls_key=key, limits=limits) as server,
        ExitStack() as house,
    ):
        silent = [house.enter_context(raw(server.port)) for _ in range(40)]
        trusting = ssl.create_default_context(cafile=str(cert))
        answer = httpx.post(f"https://127.0.0.1:{server.port}/echo", content=b"a", verify=trusting)
        assert answer.status_code == 200
        assert silent[0].rest() == b""
