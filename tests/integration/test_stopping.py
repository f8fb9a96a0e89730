"""SIGTERM in the middle of a run: it ends within a bound; a second signal ends it at once; the next start measures."""

from __future__ import annotations

import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from live_up import Place, Up

from catalog.vetting import vet
from core.settings import CHECKOUT
from tests.unit.content import write_remedy

pytestmark = pytest.mark.ansible

BOUND = 30.0
"""Seconds within which a stop is over, on a machine that is busy with other tests."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    content = tmp_path / "content"
    assert place.run("init", str(content)).returncode == 0
    (content / "inventory" / "example" / "fleet.yml").write_text("mode: auto\npolicy: {require_proof: never}\n")
    for_ever = [sys.executable, "-c", "import time; time.sleep(10**6)", str(tmp_path / "hanging")]
    tasks = [
        {"name": "Leave a mark", "ansible.builtin.shell": f"echo x >> {tmp_path}/executed", "changed_when": True},
        {"name": "Take for ever", "ansible.builtin.command": {"argv": for_ever}, "changed_when": True},
    ]
    write_remedy(content, "hangs", card={"treats": []}, options={}, tasks=tasks)
    vet(content, shipped=CHECKOUT)
    yield place
    assert place.left_behind() == []


def hang(place: Place, up: Up) -> None:
    """Have `hangs` under way."""
    said = up.read_until("Ctrl-C stops it")
    [url] = re.findall(r"(http://127\.0\.0\.1:\d+)/api/v1/docs", said)
    [token] = re.findall(r"fm_[\w-]+", said)
    what = ("--fleet", "example", "--host", "this_machine", "--remedy", "hangs")
    asked = place.run("ask", *what, FLEETMEND_URL=url, FLEETMEND_TOKEN=token)
    assert asked.returncode == 0, asked.stderr
    deadline = time.monotonic() + 60
    while not any("hanging" in line for line in place.left_behind()):
        assert time.monotonic() < deadline, f"the run did not begin: {asked.stdout}"
        time.sleep(0.05)


def settled_at_the_next_start(place: Place) -> None:
    """What the run achieved is looked at, nothing is run again, and the store proves it."""
    with place.up() as up:
        up.read_until("escalated:")
        assert not any("hanging" in line for line in place.left_behind()), "it was ended before it was judged"
        assert up.stop(signal.SIGTERM)[0] == 0
    assert (place.root / "executed").read_text().count("x") == 1
    verified = place.run("journal", "verify")
    assert verified.returncode == 0, verified.stdout


def test_a_stop_ends_the_run_within_a_bound_and_hands_it_over(place: Place) -> None:
    with place.up() as up:
        hang(place, up)
        began = time.monotonic()
        code, errors = up.stop(signal.SIGTERM)
        assert time.monotonic() - began < BOUND
        assert (code, errors) == (0, "")
        assert place.left_behind() == [], "Ansible was ended with it"
    shown = place.run("runs", "--json")
    assert '"lost"' in shown.stdout, shown.stdout + shown.stderr
    settled_at_the_next_start(place)


def test_a_second_signal_ends_it_at_once_and_the_next_start_settles(place: Place) -> None:
    with place.up() as up:
        hang(place, up)
        began = time.monotonic()
        up.process.send_signal(signal.SIGTERM)
        code, _ = up.stop(signal.SIGINT)
        assert time.monotonic() - began < BOUND / 3
        assert code in (128 + signal.SIGTERM, 128 + signal.SIGINT)
    settled_at_the_next_start(place)


def test_a_stop_does_not_wait_for_what_does_not_answer(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as page, place.up() as up:
        folder = place.root / "content" / "inventory" / "example"
        up.read_until("Ctrl-C stops it")
        url = f"http://127.0.0.1:{page.getsockname()[1]}/"
        host = {"ansible_connection": "local", "fleetmend_http": {"web": {"url": url, "timeout": 60}}}
        (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {"this_machine": host}}}))
        (folder / "fleet.yml").write_text("mode: auto\nsweeps: [{every: 1s, probes: [http]}]\n")
        page.settimeout(60)
        asking, _ = page.accept()
        with asking:
            began = time.monotonic()
            assert up.stop(signal.SIGTERM)[0] == 0
            assert time.monotonic() - began < 2 * BOUND - 10, "it waited for the page"
