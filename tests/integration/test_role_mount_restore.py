"""mount_restore and log_cleanup's limit, as far as a machine shows them that is not to be changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from local_hosts import LocalHost, local_host

pytestmark = pytest.mark.ansible
INVENTORY = """
all:
  hosts:
    demo1:
      ansible_connection: local
      ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
      mount_restore_fstab: {root}/fstab
      fleetmend_mounts:
        data: {{path: {root}/data}}
        own: {{path: {root}/own}}
        proc: {{path: /proc}}
        odd: {{}}
      fleetmend_logs:
        web: {{unit: "web; reboot", limit: 5}}
        timer: {{unit: web.timer, limit: 5}}
        silent: {{unit: web, limit: 0}}
"""


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with local_host() as made:
        (made.root / "hosts.yml").write_text(INVENTORY.format(root=made.root))
        (made.root / "fstab").write_text(f"/dev/x {made.root}/data ext4 defaults 0 0\nproc /proc proc defaults 0 0\n")
        (made.root / "data").mkdir()
        (made.root / "data" / "written").touch()
        yield made


def test_a_check_run_foretells_what_would_be_mounted(host: LocalHost) -> None:
    foretold = host.play("mount_restore", "--check", "--diff", inventory=host.root / "hosts.yml", mount="data")
    assert (foretold.rc, foretold.changed) == (0, True), foretold.output
    assert "was missing" in foretold.messages and "1 names" in foretold.messages


def test_what_is_as_it_should_be_is_left_alone(host: LocalHost) -> None:
    done = host.play("mount_restore", inventory=host.root / "hosts.yml", mount="proc")
    assert (done.rc, done.changed) == (0, False) and "/proc was mounted" in done.messages, done.output


@pytest.mark.parametrize(
    ("remedy", "parameter", "name", "why"),
    [
        ("mount_restore", "mount", "own", "has no line in fstab"),
        ("mount_restore", "mount", "odd", "needs an absolute path"),
        ("mount_restore", "mount", "nowhere", "is no mount"),
        ("log_cleanup", "log", "nowhere", "is no log"),
        ("log_cleanup", "log", "web", "needs the unit of a service"),
        ("log_cleanup", "log", "timer", "needs the unit of a service"),
        ("log_cleanup", "log", "silent", "a limit above 0"),
        ("log_cleanup_undo", "log", "nowhere", "is no log"),
        ("log_cleanup_undo", "log", "web", "needs the unit of a service"),
    ],
)
def test_what_the_host_or_the_inventory_does_not_know_is_refused(
    host: LocalHost, remedy: str, parameter: str, name: str, why: str
) -> None:
    done = host.play(remedy, inventory=host.root / "hosts.yml", **{parameter: name})
    assert done.rc != 0 and why in done.messages and done.stats["changed"] == 0, done.output


def test_neither_a_folder_nor_a_unit_is_nothing_to_do(host: LocalHost) -> None:
    done = host.play("log_cleanup", inventory=host.root / "hosts.yml")
    assert done.rc != 0 and "Name a folder" in done.messages, done.output
