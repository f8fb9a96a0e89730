"""firewall_restore, on a real ruleset in a network namespace of its own."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from local_hosts import LocalHost, Play, local_host, wait_until
from sandbox import Sandbox, no_sandbox, sandbox

pytestmark = [pytest.mark.ansible, pytest.mark.skipif(no_sandbox() is not None, reason=str(no_sandbox()))]
BASELINE = """\
flush ruleset
table inet filter {
    chain input {
        type filter hook input priority filter; policy drop;
        iifname "lo" accept
        ct state established,related accept
        tcp dport { 22, 80 } counter accept
    }
}
"""
LOCKED_OUT = BASELINE.replace("22, 80", "80")
OTHERS = """\
add table ip nat
add table inet fleetmend
add set inet fleetmend blocked4 { type ipv4_addr; elements = { 192.0.2.6 }; }
"""
SSH = "203.0.113.1 4000 203.0.113.2 22"


class Case:
    """A host with a sandbox for its network, and an inventory that gives it a baseline."""

    def __init__(self, host: LocalHost, box: Sandbox, root: Path) -> None:
        self.host, self.box, self.root = host, box, root
        host.enter = box.enter
        self.path = host.folder / "nftables.conf"
        (root / "files").mkdir(exist_ok=True)
        self.baseline(BASELINE)
        self.path.unlink(missing_ok=True)
        self.load("flush ruleset\n")

    def baseline(self, text: str) -> None:
        (self.root / "files" / "nft.conf").write_text(text)

    def load(self, text: str) -> None:
        self.box.run("nft", "-f", "-", text=text)

    def shown(self) -> str:
        return self.box.run("nft", "-s", "list", "ruleset")

    def play(self, *arguments: str, ssh: str = "", **options: object) -> Play:
        entry = {"path": str(self.path), "source": "files/nft.conf", "mode": "0644", "ignore": ["ip nat"]}
        variables = {"ansible_connection": "local", "fleetmend_firewall": {"base": entry}, **options}
        variables["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
        inventory = self.root / "hosts.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": {self.host.name: variables}}}))
        self.host.surroundings = {"SSH_CONNECTION": ssh} if ssh else {}
        return self.host.play("firewall_restore", *arguments, inventory=inventory, baseline="base")


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[LocalHost, Sandbox]]:
    with local_host() as host, sandbox() as box:
        yield host, box


@pytest.fixture
def case(place: tuple[LocalHost, Sandbox], tmp_path: Path) -> Case:
    return Case(*place, tmp_path)


def test_a_drifted_ruleset_is_put_back_and_a_second_run_changes_nothing(case: Case) -> None:
    case.load(BASELINE)
    wanted = case.shown()
    case.load(OTHERS + "insert rule inet filter input tcp dport 80 drop\nadd table inet left\n")
    foretold = case.play("--check", "--diff")
    assert (foretold.rc, foretold.changed) == (0, True), foretold.output
    assert "tcp dport 80 drop" in foretold.diff and "tcp dport 80 drop" in case.shown()

    done = case.play()
    assert (done.rc, done.changed) == (0, True), done.output
    assert case.shown().startswith("table ip nat") and "192.0.2.6" in case.shown(), "tables of others are left alone"
    case.load("delete table ip nat\ndelete table inet fleetmend\n")
    assert case.shown() == wanted
    assert case.path.read_text() == BASELINE

    again = case.play()
    assert (again.rc, again.changed) == (0, False), again.output


def test_a_baseline_that_would_lock_ssh_out_is_refused_and_nothing_is_changed(case: Case) -> None:
    case.load(BASELINE)
    before = case.shown()
    case.baseline(LOCKED_OUT)
    done = case.play(ssh=SSH)
    assert done.rc != 0 and "the baseline would lock SSH out: from 203.0.113.1 to port 22" in done.messages, done.output
    assert not done.changed and case.shown() == before and not case.path.exists()


def test_what_no_new_connection_confirms_is_undone_by_the_host_itself(case: Case) -> None:
    """Without SSH there is no new connection: the guard is handed the old one, which proves nothing."""
    case.load("add table inet drifted\n")
    before = case.shown()
    done = case.play(ssh=SSH, firewall_restore_seconds=30)
    assert done.rc != 0 and "this is the connection from before the change" in done.messages, done.output
    assert case.shown() != before and not case.path.exists()
    busy = case.play(ssh=SSH)
    assert busy.rc != 0 and "still waits to be proven or undone" in busy.messages and not busy.changed, busy.output
    wait_until(lambda: case.shown() == before)


@pytest.mark.parametrize(
    ("baseline", "why"),
    [
        ("table inet filter {\nchain c {\nnonsense\n}\n}\n", "the baseline can't be loaded"),
        ("flush ruleset\n", "the baseline holds no table"),
        ('{{ lookup("pipe", "touch /tmp/never") }}\n', "the baseline can't be loaded"),
    ],
)
def test_a_baseline_that_is_none_changes_nothing(case: Case, baseline: str, why: str) -> None:
    case.load(BASELINE)
    before = case.shown()
    case.baseline(baseline)
    done = case.play()
    assert done.rc != 0 and why in done.messages, done.output
    assert case.shown() == before and not case.path.exists()


def test_the_probe_of_this_host_sees_the_drift_and_that_it_is_gone(case: Case) -> None:
    program = (
        "import json, sys; from monitor.on_host import firewall as f; print(json.dumps(f.probe(json.load(sys.stdin))))"
    )

    def value() -> int:
        expected = hashlib.sha256(BASELINE.encode()).hexdigest()
        entry = {"path": str(case.path), "baseline": BASELINE, "expected": expected, "ignore": ["inet fleetmend"]}
        shown = case.box.run(sys.executable, "-c", program, text=json.dumps({"firewall": {"base": entry}}))
        (item,) = json.loads(shown)
        return int(item["value"])

    case.load(BASELINE + "add rule inet filter input accept\n")
    assert value() == 1
    assert case.play().rc == 0
    assert value() == 0
