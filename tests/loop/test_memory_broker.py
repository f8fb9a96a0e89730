"""The in-memory doorbell: heard at once, whether there is something to take or room to take it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from kombu import Connection

from loop.memory_broker import URL


@pytest.fixture
def connection() -> Iterator[Connection]:
    with Connection(URL) as made:
        yield made


def test_a_message_is_taken_when_it_is_sent(connection: Connection) -> None:
    heard: list[float] = []
    queue = connection.SimpleQueue("test_bell").queue
    consumer = connection.Consumer(
        [queue], callbacks=[lambda _body, message: (message.ack(), heard.append(time.time()))]
    )
    sent: list[float] = []

    def send() -> None:
        time.sleep(0.05)
        sent.append(time.time())
        connection.Producer().publish("x", routing_key="test_bell", serializer="json")

    with consumer:
        thread = threading.Thread(target=send)
        thread.start()
        while not heard:
            try:
                connection.drain_events(timeout=30)
            except TimeoutError:
                continue
        thread.join()
    assert len(heard) == 1
    assert heard[0] >= sent[0]


def test_who_waits_gets_to_look_around(connection: Connection) -> None:
    queue = connection.SimpleQueue("test_silence").queue
    with connection.Consumer([queue], callbacks=[]), pytest.raises(TimeoutError):
        connection.drain_events(timeout=30)
