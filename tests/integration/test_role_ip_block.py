"""ip_block and ip_unblock, on real packets between two network namespaces."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml
from local_hosts import LocalHost, Play, local_host
from sandbox import Sandbox, no_sandbox, sandbox

pytestmark = [pytest.mark.ansible, pytest.mark.skipif(no_sandbox() is not None, reason=str(no_sandbox()))]
ATTACKER, OTHER, HOST = "203.0.113.66", "203.0.113.67", "203.0.113.1"
# an interface with these addresses, and another end of it that sends from two others
PREPARE = f"""
ip link add eth0 type veth peer name eth1;
unshare -n sleep infinity & peer=$!; sleep 0.3;
ip link set eth1 netns $peer;
ip address add {HOST}/24 dev eth0; ip link set eth0 up;
nsenter -t $peer -n sh -c 'ip address add {ATTACKER}/24 dev eth1; ip address add {OTHER}/24 dev eth1;
ip link set eth1 up';
mkdir -p /run/case; echo $peer > /run/case/peer;
"""
ASK = (
    "import socket, sys; s = socket.socket(); s.settimeout(2); s.bind((sys.argv[1], 0)); "
    "sys.exit(s.connect_ex((sys.argv[2], 22)) != 0)"
)
LISTEN = "import socket, time; s = socket.create_server(('', 22)); print('ready', flush=True); time.sleep(600)"


class Case:
    def __init__(self, host: LocalHost, box: Sandbox) -> None:
        self.host, self.box = host, box
        self.peer = box.run("cat", "/run/case/peer").strip()

    def reaches(self, address: str) -> bool:
        """Whether a connection from *address*, which is elsewhere, comes through to the host's port 22."""
        ask = [sys.executable, "-c", ASK, address, HOST]
        return subprocess.run([*self.box.enter, "nsenter", "-t", self.peer, "-n", *ask], check=False).returncode == 0

    def play(self, remedy: str, *arguments: str, **asked: object) -> Play:
        variables = {"ansible_connection": "local", "ansible_host": HOST, "fleetmend_never_block": ["198.51.100.0/24"]}
        variables["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
        inventory = self.host.root / "hosts.yml"
        hosts = {self.host.name: variables, "other": {"ansible_host": "203.0.113.9"}}
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        return self.host.play(remedy, *arguments, inventory=inventory, **asked)


@pytest.fixture(scope="module")
def case() -> Iterator[Case]:
    with local_host() as host, sandbox(PREPARE) as box:
        host.enter = box.enter
        host.surroundings = {"SSH_CONNECTION": f"203.0.113.50 4000 {HOST} 22"}
        with subprocess.Popen([*box.enter, sys.executable, "-c", LISTEN], stdout=subprocess.PIPE) as listener:
            assert listener.stdout is not None and listener.stdout.readline() == b"ready\n"
            yield Case(host, box)
            listener.kill()


def test_an_address_is_blocked_and_let_in_again_and_nobody_else(case: Case) -> None:
    assert case.reaches(ATTACKER) and case.reaches(OTHER)
    foretold = case.play("ip_block", "--check", "--diff", address=ATTACKER)
    assert (foretold.rc, foretold.changed) == (0, True) and f"{ATTACKER} blocked" in foretold.diff, foretold.output
    assert case.reaches(ATTACKER)

    done = case.play("ip_block", address=ATTACKER)
    assert (done.rc, done.changed) == (0, True), done.output
    assert not case.reaches(ATTACKER) and case.reaches(OTHER)
    again = case.play("ip_block", address=f"::ffff:{ATTACKER}")
    assert (again.rc, again.changed) == (0, False), again.output

    foretold = case.play("ip_unblock", "--check", address=ATTACKER)
    assert (foretold.rc, foretold.changed) == (0, True) and not case.reaches(ATTACKER), foretold.output
    undone = case.play("ip_unblock", address=ATTACKER)
    assert (undone.rc, undone.changed) == (0, True), undone.output
    assert case.reaches(ATTACKER)
    again = case.play("ip_unblock", address=ATTACKER)
    assert (again.rc, again.changed) == (0, False), again.output


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (HOST, "is an address of this host itself"),
        ("203.0.113.9", "is other of this fleet"),
        ("203.0.113.50", "is where Ansible's own connection comes from"),
        ("198.51.100.7", "is never blocked"),
        ("127.0.0.1", "is loopback"),
        ("203.0.113.0/24", "address must be a single"),
        ("web1", "address must be a single"),
    ],
)
def test_the_fleet_and_the_controller_are_never_blocked(case: Case, address: str, why: str) -> None:
    before = case.box.run("nft", "list", "ruleset")
    done = case.play("ip_block", address=address)
    assert done.rc != 0 and why in done.messages and not done.changed, done.output
    assert case.box.run("nft", "list", "ruleset") == before


def test_the_kernel_forgets_it_by_itself(case: Case) -> None:
    done = case.play("ip_block", address="2001:db8::66", minutes=1)
    assert (done.rc, done.changed) == (0, True), done.output
    listed = case.box.run("nft", "list", "set", "inet", "fleetmend", "blocked6")
    assert "2001:db8::66 timeout 1m expires" in listed
