"""ssh_harden and its undo, on a real sshd with a copy of /etc/ssh."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest
import yaml
from local_hosts import LocalHost, Play, local_host, wait_until
from sandbox import Sandbox, no_sandbox, sandbox

WHY = no_sandbox(("sshd", "ssh", "ssh-keygen")) or ("sshd needs root" if os.geteuid() != 0 else None)
pytestmark = [pytest.mark.ansible, pytest.mark.skipif(WHY is not None, reason=str(WHY))]
PREPARE = """
mkdir -p /run/etc-ssh/sshd_config.d /run/sshd; mount --bind /run/etc-ssh /etc/ssh;
printf 'Include /etc/ssh/sshd_config.d/*.conf\\nPidFile /run/sshd.pid\\n' >/etc/ssh/sshd_config;
printf 'PasswordAuthentication yes\\n' >/etc/ssh/sshd_config.d/50-drift.conf;
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key; $(command -v sshd);
"""
DROP_IN = "/etc/ssh/sshd_config.d/00-fleetmend.conf"


class Case:
    def __init__(self, host: LocalHost, box: Sandbox) -> None:
        self.host, self.box = host, box
        host.enter = box.enter

    def methods(self) -> str:
        """How one may come in, as somebody without any key is told."""
        options = ("BatchMode=yes", "PreferredAuthentications=none", "StrictHostKeyChecking=no")
        words = [word for option in (*options, "UserKnownHostsFile=/dev/null") for word in ("-o", option)]
        command = [*self.box.enter, "ssh", *words, "nobody@127.0.0.1", "true"]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stderr

    def drop_ins(self) -> list[str]:
        return self.box.run("ls", "/etc/ssh/sshd_config.d").split()

    def play(self, remedy: str, *arguments: str, options: object = None, **more: object) -> Play:
        policy = {"PasswordAuthentication": "no", "LoginGraceTime": "2m"} if options is None else options
        variables = {"ansible_connection": "local", "fleetmend_ssh": {"base": {"options": policy}}, **more}
        variables["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
        inventory = self.host.root / "hosts.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": {self.host.name: variables}}}))
        return self.host.play(remedy, *arguments, inventory=inventory, policy="base")


@pytest.fixture(scope="module")
def case() -> Iterator[Case]:
    with local_host() as host, sandbox(PREPARE) as box:
        yield Case(host, box)


def test_sshd_is_brought_to_the_policy_and_back(case: Case) -> None:
    wait_until(lambda: "password" in case.methods())
    foretold = case.play("ssh_harden", "--check", "--diff")
    assert (foretold.rc, foretold.changed) == (0, True) and "PasswordAuthentication no" in foretold.diff, (
        foretold.output
    )
    assert case.drop_ins() == ["50-drift.conf"]

    done = case.play("ssh_harden")
    assert (done.rc, done.changed) == (0, True), done.output
    wait_until(lambda: "password" not in case.methods() and "publickey" in case.methods())
    again = case.play("ssh_harden")
    assert (again.rc, again.changed) == (0, False), again.output

    undone = case.play("ssh_harden_undo")
    assert (undone.rc, undone.changed) == (0, True), undone.output
    assert case.drop_ins() == ["50-drift.conf"]
    wait_until(lambda: "password" in case.methods())
    again = case.play("ssh_harden_undo")
    assert (again.rc, again.changed) == (0, False), again.output


def test_what_no_new_connection_confirms_is_undone_by_the_host_itself(case: Case) -> None:
    case.host.surroundings = {"SSH_CONNECTION": "203.0.113.1 4000 203.0.113.2 22", "LOGNAME": "somebody"}
    done = case.play("ssh_harden", ssh_harden_seconds=20)
    assert done.rc != 0 and "this is the connection from before the change" in done.messages, done.output
    assert "00-fleetmend.conf" in case.drop_ins()
    wait_until(lambda: "password" in case.methods())
    assert case.drop_ins() == ["50-drift.conf"]
    wait_until(lambda: "undone" in case.box.run("ls", "/run/fleetmend/guard/ssh"))
    case.host.surroundings = {}


@pytest.mark.parametrize(
    ("options", "login", "why"),
    [
        ({"PermitRootLogin": "no"}, "root", "Ansible logs in as root here"),
        ({"Nonsense": "yes"}, "", "Nonsense is not known to this sshd"),
        ({"Ciphers": "nonsense"}, "", "says"),
        ({"PermitRootLogin": "no\nPermitEmptyPasswords yes"}, "", "needs options"),
        ({}, "", "needs options"),
    ],
)
def test_a_policy_that_can_not_be_is_refused(case: Case, options: object, login: str, why: str) -> None:
    if login:
        case.host.surroundings = {"SSH_CONNECTION": "203.0.113.1 4000 203.0.113.2 22", "LOGNAME": login}
    done = case.play("ssh_harden", "--check" if login else "--diff", options=options)
    case.host.surroundings = {}
    assert done.rc != 0 and why in done.messages and not done.changed, done.output
    assert case.drop_ins() == ["50-drift.conf"]
    wait_until(lambda: case.play("ssh_harden", "--check", options={"StrictModes": "yes"}).rc == 0)
