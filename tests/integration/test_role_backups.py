"""backup_create and backup_restore, with a real restic and a repository in a folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_hosts import LocalHost, environment, local_host

pytestmark = [
    pytest.mark.ansible,
    pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed here"),
]
INVENTORY = """
all:
  hosts:
    demo1:
      ansible_connection: local
      ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
      fleetmend_backups:
        orders: {{paths: [{root}/data/orders], repository: {root}/repository, password_file: {root}/password}}
        astray: {{paths: [{root}/data/orders], repository: {root}/nowhere, password_file: {root}/password}}
        gone: {{paths: [{root}/data/gone], repository: {root}/repository, password_file: {root}/password}}
        odd: {{paths: {root}, repository: {root}/repository, password_file: {root}/password}}
"""


@pytest.fixture
def host() -> Iterator[LocalHost]:
    with local_host() as made:
        (made.root / "hosts.yml").write_text(INVENTORY.format(root=made.root))
        (made.root / "password").write_text("secret\n")
        (made.root / "data" / "orders" / "old").mkdir(parents=True)
        for name in ("1.json", "2.json", "old/0.json"):
            (made.root / "data" / "orders" / name).write_text(name * 100)
        (made.root / "data" / "orders" / "newest").symlink_to("2.json")
        restic(made, "init", "--quiet")
        yield made


def restic(host: LocalHost, *words: str) -> str:
    more = {"RESTIC_REPOSITORY": f"{host.root}/repository", "RESTIC_PASSWORD_FILE": f"{host.root}/password"}
    done = subprocess.run(
        ["restic", "--no-cache", *words],
        env=environment(Path("/usr/bin"), HOME=str(host.root), **more),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def snapshots(host: LocalHost) -> list[str]:
    return [one["short_id"] for one in json.loads(restic(host, "snapshots", "--json", "--tag", "orders")) or []]


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_snapshot_is_made_once_and_puts_back_what_was_lost(host: LocalHost) -> None:
    inventory, orders = host.root / "hosts.yml", host.root / "data" / "orders"
    good = content(orders)

    foretold = host.play("backup_create", "--check", inventory=inventory, backup="orders")
    assert (foretold.rc, foretold.changed, snapshots(host)) == (0, True, []), foretold.output
    made = host.play("backup_create", inventory=inventory, backup="orders")
    assert (made.rc, made.changed, len(snapshots(host))) == (0, True, 1), made.output
    again = host.play("backup_create", inventory=inventory, backup="orders")
    assert (again.rc, again.changed, len(snapshots(host))) == (0, False, 1), again.output

    well = host.play("backup_restore", inventory=inventory, backup="orders")
    assert (well.rc, well.changed) == (0, False) and "everything is as" in well.messages, well.output

    (orders / "1.json").unlink()
    (orders / "2.json").write_text("garbage")
    lost = content(orders)
    foretold = host.play("backup_restore", "--check", inventory=inventory, backup="orders")
    assert (foretold.rc, foretold.changed, content(orders)) == (0, True, lost), foretold.output
    restored = host.play("backup_restore", inventory=inventory, backup="orders")
    assert (restored.rc, restored.changed, content(orders)) == (0, True, good), restored.output
    assert (orders / "newest").is_symlink() and "were put back" in restored.messages
    (aside,) = orders.parent.glob("orders.lost-*")
    assert content(aside) == lost and {path.name for path in orders.parent.iterdir()} == {"orders", aside.name}
    again = host.play("backup_restore", inventory=inventory, backup="orders")
    assert (again.rc, again.changed) == (0, False), again.output

    shutil.rmtree(orders)
    gone = host.play("backup_restore", inventory=inventory, backup="orders", snapshot=snapshots(host)[0])
    assert (gone.rc, gone.changed, content(orders)) == (0, True, good) and "there was nothing" in gone.messages, (
        gone.output
    )


def test_a_snapshot_without_a_file_is_not_put_back(host: LocalHost) -> None:
    inventory, orders = host.root / "hosts.yml", host.root / "data" / "orders"
    assert host.play("backup_create", inventory=inventory, backup="orders").rc == 0
    (good,) = snapshots(host)
    before = content(orders)
    shutil.rmtree(orders)
    orders.mkdir()
    restic(host, "backup", "--quiet", "--tag", "orders", str(orders))
    empty = host.play("backup_restore", inventory=inventory, backup="orders")
    assert empty.rc != 0 and "holds no file" in empty.messages and empty.stats["changed"] == 0, empty.output
    older = host.play("backup_restore", inventory=inventory, backup="orders", snapshot=good)
    assert (older.rc, content(orders)) == (0, before), older.output


@pytest.mark.parametrize(
    ("remedy", "backup", "why"),
    [
        ("backup_create", "nothing", "is no backup"),
        ("backup_restore", "nothing", "is no backup"),
        ("backup_create", "gone", "is not there"),
        ("backup_create", "odd", "list of absolute paths"),
        ("backup_create", "astray", "restic snapshots ended with status"),
        ("backup_restore", "orders", "has no snapshot latest"),
    ],
)
def test_what_can_not_be_done_is_said_and_changes_nothing(host: LocalHost, remedy: str, backup: str, why: str) -> None:
    done = host.play(remedy, inventory=host.root / "hosts.yml", backup=backup)
    assert done.rc != 0 and why in done.messages and done.stats["changed"] == 0, done.output
    assert not os.path.lexists(host.root / "nowhere") and snapshots(host) == []
