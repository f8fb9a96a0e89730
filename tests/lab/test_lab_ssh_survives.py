"""What would lock SSH out is undone by the host itself: firewall_restore and ssh_harden, on connections that break."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.settings import CHECKOUT
from lab.lab import Lab
from tests.lab.labs import real

pytestmark = real
SECONDS = 20


def play(lab: Lab, fleet: Path, remedy: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    """Run the playbook of *remedy* on web1, with the fleet in *fleet*."""
    asked = json.dumps({f"{remedy}_{name}": value for name, value in variables.items()})
    program = Path(sys.executable).with_name("ansible-playbook")
    environment = {"ANSIBLE_ROLES_PATH": str(CHECKOUT / "roles"), "ANSIBLE_PIPELINING": "true", "ANSIBLE_TIMEOUT": "5"}
    return subprocess.run(
        [program, "-i", fleet / "hosts.yml", "-l", "web1", "-e", asked, CHECKOUT / "playbooks" / f"{remedy}.yml"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def fleet(lab: Lab, tmp_path: Path) -> Path:
    """A copy of the lab's fleet that a test may spoil."""
    return Path(shutil.copytree(lab.content / "inventory" / "lab", tmp_path / "fleet"))


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.5)


def answers(lab: Lab) -> bool:
    return lab.ssh("web1", ["true"]).ok


def test_a_firewall_that_locks_ssh_out_is_refused_and_without_a_rehearsal_undone(lab: Lab, fleet: Path) -> None:
    before = lab.ssh("web1", ["sudo", "nft", "-s", "list", "ruleset"]).out
    source = fleet / "files" / "web1" / "etc" / "nftables.conf"
    source.write_text(source.read_text().replace("tcp dport 22 accept", "tcp dport 2222 accept"))
    refused = play(lab, fleet, "firewall_restore", baseline="baseline")
    assert refused.returncode != 0 and "would lock SSH out" in refused.stdout, refused.stdout
    assert lab.ssh("web1", ["sudo", "nft", "-s", "list", "ruleset"]).out == before

    cut = play(lab, fleet, "firewall_restore", baseline="baseline", rehearse=False, seconds=SECONDS)
    assert cut.returncode != 0 and ("UNREACHABLE" in cut.stdout or "undone the change" in cut.stdout), cut.stdout
    wait_until(lambda: answers(lab))
    assert lab.ssh("web1", ["sudo", "nft", "-s", "list", "ruleset"]).out == before
    assert lab.ssh("web1", ["grep", "-c", "dport 2222", "/etc/nftables.conf"]).code == 1, "the file was never replaced"


def test_an_sshd_that_nobody_can_log_in_to_is_undone(lab: Lab, fleet: Path) -> None:
    variables = fleet / "group_vars" / "web.yml"
    given = yaml.safe_load(variables.read_text())
    # the lab's keys are of another kind
    given["fleetmend_ssh"] = {"baseline": {"options": {"PubkeyAcceptedAlgorithms": "rsa-sha2-512"}}}
    variables.write_text(yaml.safe_dump(given))
    cut = play(lab, fleet, "ssh_harden", policy="baseline", seconds=SECONDS)
    assert cut.returncode != 0 and ("UNREACHABLE" in cut.stdout or "undone the change" in cut.stdout), cut.stdout
    wait_until(lambda: answers(lab))
    assert lab.ssh("web1", ["test", "-e", "/etc/ssh/sshd_config.d/00-fleetmend.conf"]).code == 1
