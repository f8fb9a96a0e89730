"""service_control's systemd side. Few test machines run systemd, so a small program speaks for systemctl."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from local_hosts import LocalHost, local_host

pytestmark = pytest.mark.ansible
SYSTEMCTL = """#!/bin/sh
# `show` prints the state in the file `state`; every other call is noted, and leaves what is in the file `next`.
cd "{root}" || exit 1
case "$*" in
  *show*) printf 'Id=web.service\\nLoadState=loaded\\nActiveState=%s\\nSubState=x\\n' "$(cat state)" ;;
  *start*) echo "$*" >> calls; cp next state; cat refusal >&2; test ! -s refusal || {{ : > refusal; exit 1; }} ;;
esac
"""
INVENTORY = """
all:
  hosts:
    demo1:
      ansible_connection: local
      ansible_python_interpreter: "{{ ansible_playbook_python }}"
      fleetmend_services:
        web: {unit: web.service}
        app:
        odd: {backend: upstart}
"""


@pytest.fixture
def host() -> Iterator[LocalHost]:
    with local_host() as made:
        made.tools.mkdir()
        systemctl = made.tools / "systemctl"
        systemctl.write_text(SYSTEMCTL.format(root=made.root))
        systemctl.chmod(0o755)
        (made.root / "hosts.yml").write_text(INVENTORY)
        for name, text in {"state": "failed", "next": "active", "refusal": "", "calls": ""}.items():
            (made.root / name).write_text(text)
        yield made


def calls(host: LocalHost) -> list[str]:
    return (host.root / "calls").read_text().splitlines()


def test_a_failed_unit_is_started_and_a_check_run_foretells_it(host: LocalHost) -> None:
    inventory = host.root / "hosts.yml"
    foretold = host.play("service_restart", "--check", inventory=inventory, service="web")
    assert (foretold.rc, foretold.changed, calls(host)) == (0, True, []), foretold.output
    done = host.play("service_restart", inventory=inventory, service="web")
    assert (done.rc, done.changed, calls(host)) == (0, True, ["start web.service"]), done.output


def test_a_running_unit_is_restarted(host: LocalHost) -> None:
    (host.root / "state").write_text("active")
    done = host.play("service_restart", inventory=host.root / "hosts.yml", service="web")
    assert (done.rc, done.changed, calls(host)) == (0, True, ["restart web.service"]), done.output


def test_a_unit_without_more_is_named_by_its_key(host: LocalHost) -> None:
    done = host.play("service_restart", inventory=host.root / "hosts.yml", service="app")
    assert (done.rc, calls(host)) == (0, ["start app"]), done.output


def test_a_unit_that_is_not_up_afterwards_is_a_failure(host: LocalHost) -> None:
    (host.root / "next").write_text("failed")
    done = host.play("service_restart", inventory=host.root / "hosts.yml", service="web")
    assert done.rc != 0 and "web is not up" in done.messages and len(calls(host)) == 1, done.output


def test_a_unit_that_was_started_too_often_is_tried_again(host: LocalHost) -> None:
    (host.root / "refusal").write_text("Job failed because start of the service was attempted too often.")
    done = host.play("service_restart", inventory=host.root / "hosts.yml", service="web")
    assert (done.rc, len(calls(host))) == (0, 2), done.output


def test_another_refusal_is_not_tried_again(host: LocalHost) -> None:
    (host.root / "refusal").write_text("Unit web.service is masked.")
    done = host.play("service_restart", inventory=host.root / "hosts.yml", service="web")
    assert done.rc != 0 and "is masked" in done.messages and len(calls(host)) == 1, done.output


def test_an_unknown_backend_is_refused(host: LocalHost) -> None:
    done = host.play("service_restart", inventory=host.root / "hosts.yml", service="odd")
    assert done.rc != 0 and "must be systemd or supervisor" in done.messages, done.output
