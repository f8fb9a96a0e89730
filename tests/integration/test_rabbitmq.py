"""RabbitMQ as the broker: all that changes is a URL, and a broker that restarts costs time and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.integration.stack import Stack, stack, wait_for
from tests.postgres import postgres
from tests.rabbitmq import PROGRAM, rabbitmq

pytestmark = [
    pytest.mark.ansible,
    pytest.mark.skipif(not PROGRAM.exists(), reason="there is no RabbitMQ here: apt-get install rabbitmq-server"),
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    root = tmp_path_factory.mktemp("stack")
    with postgres() as database, rabbitmq() as broker, stack(root, database, broker) as built:
        built.token = built.run("tokens", "make", "ops").split()[-1]
        api = built.begin("api", state="api")
        built.ready(api, built.begin("worker", state="worker"), built.begin("beat", state="beat"))
        built.url = re.findall(r"(http://127\.0\.0\.1:\d+)/api/v1/docs", api.said)[0]
        yield built


def test_a_detection_goes_to_its_end(running: Stack) -> None:
    running.let_go("h1")
    incident = running.report("h1")
    assert running.ends(incident) == "resolved"
    assert running.begun("h1") == 1


def test_the_broker_restarts_in_the_middle_of_a_run(running: Stack) -> None:
    """What was posted while it was away is not rung for: that it ends shows that the beat fires again."""
    incident = running.report("h2")
    wait_for("a beginning", lambda: running.begun("h2"))
    running.broker.stop()
    waiting = running.report("h3")
    running.let_go("h2")
    running.let_go("h3")
    running.broker.start()
    assert (running.ends(incident), running.ends(waiting)) == ("resolved", "resolved")
    assert (running.begun("h2"), running.begun("h3")) == (1, 1)


def test_it_restarts_while_nothing_is_sent(running: Stack) -> None:
    running.broker.stop()
    running.broker.start()
    running.let_go("h4")
    incident = running.report("h4")
    assert running.ends(incident) == "resolved"
    assert running.run("journal", "verify")


def test_they_stop_when_they_are_told_to(running: Stack) -> None:
    alive = [one for one in running.processes if one.process.poll() is None]
    assert [(one.log.name, one.stop()) for one in alive] == [(one.log.name, 0) for one in alive]
