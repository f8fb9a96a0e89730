"""`fleetmend catalog prove` on real hosts, with the remedy that the how-to has a reader write."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from catalog.load import load_catalog
from catalog.proofs import proof_path
from core.proofs import ProofState
from core.settings import CHECKOUT
from lab.lab import Lab
from tests.house.test_docs_examples import content_of_the_docs
from tests.lab.labs import FLEETMEND, fleetmend, real

pytestmark = real
TASKS = Path("roles", "lock_remove", "tasks", "main.yml")
REFUSES = {"name": "Refuse", "ansible.builtin.assert": {"that": False, "fail_msg": "not here"}}
LITTERS = {
    "name": "Do more than was asked for",
    "ansible.builtin.copy": {"content": "x", "dest": "/etc/litter", "mode": "0644"},
}
DAWDLES = {"name": "Take a while", "ansible.builtin.wait_for": {"timeout": 60}}
_SECONDS = 120


@pytest.fixture
def content(tmp_path: Path) -> Path:
    content_of_the_docs(tmp_path)
    return tmp_path


def with_task(content: Path, task: dict[str, object], *, first: bool = False) -> None:
    """Add *task* to the role, and vet it."""
    tasks = yaml.safe_load((content / TASKS).read_text())
    (content / TASKS).write_text(yaml.safe_dump([task, *tasks] if first else [*tasks, task], sort_keys=False))
    assert fleetmend("--content", str(content), "catalog", "vet", "lock_remove").returncode == 0


def prove(lab: Lab, content: Path) -> subprocess.CompletedProcess[str]:
    return fleetmend("--content", str(content), "catalog", "prove", "lock_remove", "--lab", lab.name)


def state(content: Path) -> ProofState:
    return load_catalog(content).remedy("lock_remove").proof_state


def test_a_reader_of_the_page_proves_his_remedy(lab: Lab, content: Path) -> None:
    done = prove(lab, content)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("1 passed, 0 failed\n")
    assert state(content) is ProofState.PROVEN
    assert lab.broken() == []
    with_task(content, DAWDLES)
    assert state(content) is ProofState.VOID


def test_what_changes_more_than_it_heals_is_not_proven(lab: Lab, content: Path) -> None:
    with_task(content, LITTERS)
    try:
        done = prove(lab, content)
    finally:
        lab.ssh("web1", ["rm", "-f", "/etc/litter"])
    assert done.returncode == 1
    assert "collateral: web1: file /etc/litter: none →" in done.stdout
    assert done.stdout.endswith("0 passed, 1 failed\n")
    assert not proof_path(content, "lock_remove").exists()


def test_a_preflight_that_refuses_changes_nothing_and_says_why(lab: Lab, content: Path) -> None:
    with_task(content, REFUSES, first=True)
    done = prove(lab, content)
    assert done.returncode == 1
    assert "not here" in done.stdout
    assert "nothing was changed" in done.stdout
    assert lab.broken() == []


def test_a_prover_that_was_killed_is_no_obstacle_to_the_next_one(lab: Lab, content: Path) -> None:
    original = (content / TASKS).read_text()
    with_task(content, DAWDLES, first=True)
    words = [*FLEETMEND, "--content", str(content), "catalog", "prove", "lock_remove", "--lab", lab.name]
    killed = subprocess.Popen(words, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert killed.stdout is not None
    for line in killed.stdout:
        if "running lock_remove" in line:
            break
    deadline = time.monotonic() + _SECONDS
    while not list(lab.folder.path.glob("proving/*/state/runs/*/artifacts")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert [one.fault for one in lab.broken()] == ["lock_left"]

    (content / TASKS).write_text(original)
    assert fleetmend("--content", str(content), "catalog", "vet", "lock_remove").returncode == 0
    done = prove(lab, content)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "an earlier try left lock_left on web1: mending it" in done.stdout
    assert lab.broken() == []


def test_what_is_not_there_is_said_in_one_line(lab: Lab, content: Path) -> None:
    for words, code, said in (
        (("lock_remove", "--lab", "nowhere"), 4, "there is no lab 'nowhere'"),
        (("lock_move", "--lab", lab.name), 4, "no remedy 'lock_move'"),
        (("--lab", lab.name), 2, "name the remedies to prove, or give --all"),
    ):
        done = fleetmend("--content", str(content), "catalog", "prove", *words)
        assert (done.returncode, done.stderr.count("\n")) == (code, 1)
        assert said in done.stderr
