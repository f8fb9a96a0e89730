"""certificate_renew, with certificates that openssl makes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_hosts import LocalHost, environment, local_host

pytestmark = pytest.mark.ansible
INVENTORY = """
all:
  hosts:
    demo1:
      ansible_connection: local
      ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
      fleetmend_certificates:
        web: {{path: {root}/web.crt, command: [{root}/renew, "{{{{ 90 }}}}"]}}
        lazy: {{path: {root}/web.crt, command: [/bin/true]}}
        broken: {{path: {root}/web.crt, command: [/bin/false]}}
        shell: {{path: {root}/web.crt, command: "rm -rf /nowhere"}}
        relative: {{path: {root}/web.crt, command: [renew]}}
        orphan: {{path: {root}/web.crt, command: [/bin/true], service: nobody}}
"""
OPENSSL = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=test"


def issue(host: LocalHost, days: int) -> None:
    command = [
        *OPENSSL.split(),
        "-days",
        str(days),
        "-keyout",
        str(host.root / "key"),
        "-out",
        str(host.root / "web.crt"),
    ]
    subprocess.run(command, env=environment(), check=True, capture_output=True)


@pytest.fixture
def host() -> Iterator[LocalHost]:
    with local_host() as made:
        (made.root / "hosts.yml").write_text(INVENTORY.format(root=made.root))
        renew = made.root / "renew"
        renew.write_text(
            f'#!/bin/sh\n{OPENSSL} -days "$1" -keyout {made.root}/key -out {made.root}/web.crt 2>/dev/null\n'
        )
        renew.chmod(0o755)
        yield made


def certificate(host: LocalHost) -> bytes:
    return Path(host.root / "web.crt").read_bytes()


def test_one_that_is_due_is_renewed_once(host: LocalHost) -> None:
    inventory = host.root / "hosts.yml"
    issue(host, 5)
    before = certificate(host)
    foretold = host.play("certificate_renew", "--check", "--diff", inventory=inventory, certificate="web")
    assert (foretold.rc, foretold.changed, certificate(host)) == (0, True, before), foretold.output
    done = host.play("certificate_renew", inventory=inventory, certificate="web")
    assert (done.rc, done.changed) == (0, True) and certificate(host) != before, done.output
    after = certificate(host)
    again = host.play("certificate_renew", inventory=inventory, certificate="web")
    assert (again.rc, again.changed, certificate(host)) == (0, False, after), again.output
    assert "not due yet" in again.messages

    (host.root / "web.crt").unlink()
    missing = host.play("certificate_renew", inventory=inventory, certificate="web")
    assert (missing.rc, missing.changed) == (0, True) and "valid until no time" in missing.messages, missing.output


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("lazy", "still"),
        ("broken", "ended with status 1"),
        ("shell", "list of words"),
        ("relative", "absolute path"),
        ("orphan", "no entry of fleetmend_services"),
        ("nothing", "is no certificate"),
    ],
)
def test_what_does_not_renew_it_is_a_failure(host: LocalHost, name: str, why: str) -> None:
    issue(host, 5)
    before = certificate(host)
    done = host.play("certificate_renew", inventory=host.root / "hosts.yml", certificate=name)
    assert done.rc != 0 and why in done.messages and certificate(host) == before, done.output
