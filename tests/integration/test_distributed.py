"""One api, two workers and a beat as real processes over PostgreSQL and Valkey: nothing is lost, nothing runs twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.stack import Stack, stack, wait_for
from tests.postgres import postgres
from tests.valkey_server import valkey

pytestmark = pytest.mark.ansible


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with (
        postgres() as database,
        valkey() as broker,
        stack(tmp_path_factory.mktemp("stack"), database, broker) as built,
    ):
        built.token = built.run("tokens", "make", "ops").split()[-1]
        api = built.begin("api", state="api")
        parts = [built.begin("worker", state=name) for name in ("machine1", "machine2")]
        built.ready(api, *parts, built.begin("beat", state="beat"))
        built.url = re.findall(r"(http://127\.0\.0\.1:\d+)/api/v1/docs", api.said)[0]
        yield built


def worker_of(running: Stack, incident: str) -> int:
    """The process that runs the incident's remedy."""
    [run] = wait_for("a run", lambda: running.call("GET", f"/runs?incident={incident}"))
    return int(run["worker"].split(":")[1])


def test_a_detection_goes_to_its_end(running: Stack) -> None:
    running.let_go("h1")
    incident = running.report("h1")
    assert running.ends(incident) == "resolved"
    assert running.begun("h1") == 1


def test_a_run_whose_worker_was_killed_is_settled_by_another_one(running: Stack) -> None:
    incident = running.report("h2")
    wait_for("a beginning", lambda: running.begun("h2"))
    pid = worker_of(running, incident)
    [killed] = [one for one in running.processes if one.process.pid == pid]
    killed.kill()
    assert running.ends(incident) == "resolved"
    assert running.begun("h2") == 1
    said = running.run("--json", "runs", "list")
    assert '"status": "lost"' in said
    again = running.begin("worker", state="machine1" if "machine1" in killed.said else "machine2")
    running.ready(again)
    wait_for("the end of what was left", lambda: not [
        one for one in psutil.process_iter(["cmdline"])
        if any(f"{running.root}/" in word and "/runs/" in word for word in one.info["cmdline"] or ())
    ])  # fmt: skip


def test_the_servers_may_go_and_come_back_in_the_middle_of_a_run(running: Stack) -> None:
    incident = running.report("h3")
    wait_for("a beginning", lambda: running.begun("h3"))
    running.broker.stop()
    running.postgres.stop()
    running.let_go("h3")
    running.postgres.start()
    waiting = running.report("h4")
    assert running.begun("h4") == 0
    running.let_go("h4")
    running.broker.start()
    assert (running.ends(incident), running.ends(waiting)) == ("resolved", "resolved")
    assert (running.begun("h3"), running.begun("h4")) == (1, 1)


def test_the_command_line_works_from_any_machine(running: Stack) -> None:
    asked = running.run("ask", "--fleet", "local", "--host", "h1", "--remedy", "touch")
    [incident] = set(re.findall(r"inc-\w+", asked))
    assert running.ends(incident) == "resolved"
    assert running.run("journal", "verify")


def test_a_machine_with_another_key_is_turned_away(running: Stack, tmp_path: Path) -> None:
    (tmp_path / "other.key").write_text("ab" * 32)
    for name in ("api", "worker"):
        done = running.attempt(name, FLEETMEND_JOURNAL_KEY_FILE=str(tmp_path / "other.key"))
        assert done.returncode == 2
        assert "this is not the key of this database's journal" in done.stderr
        assert done.stderr.count("\n") == 1


def test_they_stop_when_they_are_told_to(running: Stack) -> None:
    """Last: SIGTERM ends each within its bound, and nothing is left behind."""
    alive = [one for one in running.processes if one.process.poll() is None]
    assert [(one.log.name, one.stop()) for one in alive] == [(one.log.name, 0) for one in alive]
    lines = [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]
    assert [line for line in lines if str(running.root) in line] == []
