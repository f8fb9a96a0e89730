"""Floods of strangers on a real `fleetmend up` with 1,024 files, while a verification is under way.

It ends as it should. No more than 512 MB are held at any moment, and whoever has a token goes on being answered.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.attacks.fleet_under_attack import Attacked, attacked
from tests.attacks.raw_client import Raw, raw, statuses_in

pytestmark = pytest.mark.ansible

MOST_MEGABYTES = 512
FOUND = {"fleet": "local", "host": "h1", "symptom": "port_closed", "subject": "web"}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked(tmp_path_factory.mktemp("attacked")) as found:
        yield found


def many(number: int, act: Callable[[int], None]) -> None:
    """*act* in so many threads at once, until all have ended."""
    threads = [threading.Thread(target=act, args=(one,)) for one in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def endless_headers(up: Attacked) -> None:
    """Half a gigabyte of headers on one connection, as much of it as is taken."""
    with raw(up.port) as client:
        client.say(b"GET / HTTP/1.1\r\nHost: h\r\n")
        part = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 4_000) for number in range(250))
        for _ in range(500):
            try:
                client.socket.sendall(part)
            except OSError:
                break
        assert set(client.statuses()) <= {431}


def deliveries_to_nobody(up: Attacked) -> None:
    """Eighty deliveries of 16 MB, at once, to a hook that does not exist."""
    answered: list[int] = []

    def deliver(_number: int) -> None:
        with contextlib.suppress(OSError), raw(up.port) as client:
            client.say(b"POST /api/v1/hooks/nobody HTTP/1.1\r\nHost: h\r\nContent-Length: 16000000\r\n\r\n")
            with contextlib.suppress(OSError):
                for _ in range(16):
                    client.socket.sendall(b" " * 1_000_000)
            answered.extend(statuses_in(client.socket.recv(65_536)))

    many(80, deliver)
    assert 404 in answered
    assert set(answered) <= {404, 503}


def deliveries_with_a_wrong_secret(up: Attacked) -> None:
    """The same, to a hook that exists, without its secret."""
    answered: list[int] = []

    def deliver(_number: int) -> None:
        with contextlib.suppress(OSError), raw(up.port) as client:
            client.say(b"POST /api/v1/hooks/alertmanager HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer wrong\r\n")
            client.say(b"Transfer-Encoding: chunked\r\n\r\n")
            with contextlib.suppress(OSError):
                for _ in range(16):
                    client.socket.sendall(b"f4240\r\n" + b" " * 1_000_000 + b"\r\n")
            answered.extend(statuses_in(client.socket.recv(65_536)))

    many(40, deliver)
    assert 401 in answered
    assert set(answered) <= {401, 503}


def bodies_that_never_end(up: Attacked) -> None:
    """Four hundred requests without a token, each with the begin of a body."""
    with ExitStack() as house:
        for _ in range(400):
            client = house.enter_context(raw(up.port))
            client.socket.setblocking(False)
            with contextlib.suppress(OSError):
                client.socket.send(
                    b"POST /api/v1/detections HTTP/1.1\r\nContent-Length: 900000\r\n\r\n" + b"[" * 600_000
                )
        assert up.call("GET", "/me").status_code == 200


def answers_that_nobody_reads(up: Attacked) -> None:
    """The largest answer that needs no token, asked for again and again on many connections, and never read."""
    with ExitStack() as house:
        for _ in range(150):
            client = house.enter_context(raw(up.port))
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.say(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: h\r\n\r\n" * 8)
        assert up.call("GET", "/me").status_code == 200


FLOODS = (
    endless_headers,
    deliveries_to_nobody,
    deliveries_with_a_wrong_secret,
    bodies_that_never_end,
    answers_that_nobody_reads,
)


def test_a_verification_ends_as_it_should_whatever_strangers_do(up: Attacked) -> None:
    [accepted] = up.call("POST", "/detections", FOUND).json()["accepted"]
    incident = accepted["incident"]
    up.wait_for_state(incident, "verifying")
    with ExitStack() as house, up.memory() as most:
        silent: list[Raw] = []
        for _ in range(1_100):
            with contextlib.suppress(OSError):
                silent.append(house.enter_context(raw(up.port)))
        held = {}
        for flood in FLOODS:
            flood(up)
            held[flood.__name__] = round(most())
            assert up.state(incident)[0] == "verifying", up.state(incident)
        up.listen()
        state, reason = up.wait_for_state(incident, "resolved", "escalated", "closed")
    assert (state, "internal error" in reason) == ("resolved", False), reason
    assert most() < MOST_MEGABYTES, held
    assert up.call("GET", "/journal/verify").json()["violation"] is None
    print(held)
