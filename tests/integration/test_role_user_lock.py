"""user_lock and user_unlock, on an account of its own in a copy of /etc, with a real process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml
from local_hosts import LocalHost, Play, local_host
from sandbox import Sandbox, no_sandbox, sandbox

WHY = no_sandbox(("usermod", "chage")) or ("only root may change accounts" if os.geteuid() != 0 else None)
pytestmark = [pytest.mark.ansible, pytest.mark.skipif(WHY is not None, reason=str(WHY))]
UID = 59_871  # nobody's, so that no process of this machine is ever meant
PREPARE = f"""
cp -a /etc /run/etc; mount --bind /run/etc /etc;
echo 'mallory:x:{UID}:{UID}::/:/bin/bash' >>/etc/passwd;
echo 'mallory:$y$j9T$abc:20000:0:99999:7::20900:' >>/etc/shadow;
echo 'helper:x:{UID + 1}:{UID + 1}::/:/bin/bash' >>/etc/passwd;
echo 'helper:*:20000:0:99999:7:::' >>/etc/shadow;
"""
STAY = "import os, time; os.setuid({uid}); print('ready', flush=True); time.sleep(600)"


class Case:
    def __init__(self, host: LocalHost, box: Sandbox) -> None:
        self.host, self.box = host, box
        host.enter = box.enter

    def shadow(self, name: str = "mallory") -> str:
        (line,) = [line for line in self.box.run("cat", "/etc/shadow").splitlines() if line.startswith(f"{name}:")]
        return line

    @contextmanager
    def session(self) -> Iterator[subprocess.Popen[bytes]]:
        command = [*self.box.enter, sys.executable, "-c", STAY.format(uid=UID)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            try:
                yield process
            finally:
                process.kill()

    def play(self, remedy: str, *arguments: str, account: str = "mallory") -> Play:
        variables = {"ansible_connection": "local", "ansible_user": "helper", "fleetmend_never_lock": ["deploy"]}
        variables["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
        inventory = self.host.root / "hosts.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": {self.host.name: variables}}}))
        return self.host.play(remedy, *arguments, inventory=inventory, account=account)


@pytest.fixture(scope="module")
def case() -> Iterator[Case]:
    with local_host() as host, sandbox(PREPARE) as box:
        yield Case(host, box)


def test_an_account_is_locked_with_all_that_runs_in_it_and_unlocked_to_what_it_was(case: Case) -> None:
    before = case.shadow()
    with case.session() as session:
        foretold = case.play("user_lock", "--check", "--diff")
        assert (foretold.rc, foretold.changed) == (0, True) and "is locked" in foretold.diff, foretold.output
        assert session.poll() is None and case.shadow() == before

        done = case.play("user_lock")
        assert (done.rc, done.changed) == (0, True), done.output
        assert session.wait(10) == -15
    assert case.shadow().split(":")[1] == "!$y$j9T$abc" and case.shadow().split(":")[7] == "1"
    again = case.play("user_lock")
    assert (again.rc, again.changed) == (0, False), again.output

    with case.session() as session:
        again = case.play("user_lock")
        assert (again.rc, again.changed, session.wait(10)) == (0, True, -15), "what comes back is ended, too"

    undone = case.play("user_unlock")
    assert (undone.rc, undone.changed) == (0, True), undone.output
    assert case.shadow() == before
    again = case.play("user_unlock")
    assert (again.rc, again.changed) == (0, False), again.output


@pytest.mark.parametrize(
    ("account", "why"),
    [
        ("root", "root is root"),
        ("helper", "Ansible works with"),
        ("deploy", "no local account deploy"),
        ("daemon", "account of the system"),
        ("Root; reboot", "must be the name"),
    ],
)
def test_nobody_else_is_locked(case: Case, account: str, why: str) -> None:
    before = case.box.run("cat", "/etc/shadow")
    done = case.play("user_lock", account=account)
    assert done.rc != 0 and why in done.messages and not done.changed, done.output
    assert case.box.run("cat", "/etc/shadow") == before


def test_what_somebody_else_locked_stays_locked(case: Case) -> None:
    case.box.run("usermod", "--lock", "--expiredate", "1", "mallory")
    locked = case.shadow()
    done = case.play("user_unlock")
    assert done.rc != 0 and "was not locked by fleetmend here" in done.messages, done.output
    assert case.shadow() == locked
