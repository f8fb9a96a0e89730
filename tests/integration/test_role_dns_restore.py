"""dns_restore, on a copy of /etc with a real nameserver in a network of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml
from local_hosts import LocalHost, Play, local_host
from sandbox import Sandbox, no_sandbox, sandbox

WHY = no_sandbox(("getent",)) or ("only root may change /etc" if os.geteuid() != 0 else None)
pytestmark = [pytest.mark.ansible, pytest.mark.skipif(WHY is not None, reason=str(WHY))]
BROKEN = "nameserver 127.0.0.8\noptions timeout:1 attempts:1\n"
PREPARE = f"""
cp -a /etc /run/etc; mount --bind /run/etc /etc; rm -f /etc/resolv.conf;
printf 'hosts: files dns\\n' >/etc/nsswitch.conf; printf '{BROKEN}' >/etc/resolv.conf; chmod 0644 /etc/resolv.conf;
"""
# answers every question for an address with 192.0.2.80, and says that there is nothing else
NAMESERVER = """
import socket
channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
channel.bind(("127.0.0.9", 53))
print("ready", flush=True)
while True:
    query, sender = channel.recvfrom(512)
    end = query.index(0, 12) + 5
    wanted = query[end - 4 : end - 2] == bytes([0, 1])
    record = bytes([192, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 80]) if wanted else b""
    head = query[:2] + bytes([129, 128, 0, 1, 0, int(wanted), 0, 0, 0, 0])
    channel.sendto(head + query[12:end] + record, sender)
"""


class Case:
    def __init__(self, host: LocalHost, box: Sandbox) -> None:
        self.host, self.box = host, box
        host.enter = box.enter

    def finds(self, name: str) -> bool:
        command = [*self.box.enter, "getent", "hosts", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return "192.0.2.80" in done.stdout

    def play(
        self, *arguments: str, nameservers: tuple[str, ...] = ("127.0.0.8", "127.0.0.9"), **change: object
    ) -> Play:
        entry = {
            "nameservers": [*nameservers],
            "search": ["lab.test"],
            "options": ["timeout:1"],
            "names": ["www.lab.test"],
        }
        variables = {"ansible_connection": "local", "fleetmend_dns": {"resolver": entry | change}}
        variables["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
        inventory = self.host.root / "hosts.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": {self.host.name: variables}}}))
        return self.host.play("dns_restore", *arguments, inventory=inventory, resolver="resolver")


@pytest.fixture(scope="module")
def case() -> Iterator[Case]:
    with (
        local_host() as host,
        sandbox(PREPARE) as box,
        subprocess.Popen([*box.enter, sys.executable, "-c", NAMESERVER], stdout=subprocess.PIPE) as server,
    ):
        assert server.stdout is not None and server.stdout.readline() == b"ready\n"
        yield Case(host, box)
        server.kill()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"nameservers": ["127.0.0.8"]}, "none of 127.0.0.8 answers"),
        ({"nameservers": ["here\nnameserver 127.0.0.9"]}, "needs nameservers"),
        ({"nameservers": []}, "needs nameservers"),
        ({"names": []}, "needs nameservers"),
        ({"options": ["timeout:1 attempts:9"]}, "needs nameservers"),
    ],
)
def test_what_would_not_help_is_not_written(case: Case, change: dict[str, object], why: str) -> None:
    done = case.play(**change)  # type: ignore[arg-type]
    assert done.rc != 0 and why in done.messages and not done.changed, done.output
    assert case.box.run("cat", "/etc/resolv.conf") == BROKEN


def test_a_file_that_a_service_keeps_is_left_alone(case: Case) -> None:
    case.box.run("mv", "/etc/resolv.conf", "/run/kept")
    case.box.run("ln", "-s", "/run/kept", "/etc/resolv.conf")
    done = case.play()
    assert done.rc != 0 and "is a link to /run/kept: a service keeps it" in done.messages, done.output
    assert case.box.run("cat", "/run/kept") == BROKEN
    case.box.run("mv", "/run/kept", "/etc/resolv.conf")


def test_names_are_found_again_and_a_second_run_changes_nothing(case: Case) -> None:
    assert not case.finds("www.lab.test")
    foretold = case.play("--check", "--diff")
    assert (foretold.rc, foretold.changed) == (0, True) and "nameserver 127.0.0.9" in foretold.diff, foretold.output
    assert case.box.run("cat", "/etc/resolv.conf") == BROKEN

    done = case.play()
    assert (done.rc, done.changed) == (0, True), done.output
    assert case.finds("www.lab.test") and case.finds("www")
    kept = case.box.run("sh", "-c", "cat /etc/resolv.conf.*~")
    assert kept == BROKEN
    again = case.play()
    assert (again.rc, again.changed) == (0, False), again.output
