"""log_cleanup, disk_cleanup and inode_cleanup, on real folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_hosts import LocalHost, local_host

pytestmark = pytest.mark.ansible
MB = 1 << 20


@pytest.fixture
def host() -> Iterator[LocalHost]:
    with local_host() as made:
        yield made


def write(path: Path, size: int, written: int) -> Path:
    """A file of *size* bytes in numbered lines, last written to *written* seconds after 1970."""
    path.write_bytes(b"".join(b"%09d\n" % line for line in range(size // 10)))
    os.utime(path, (written, written))
    return path


def listing(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder.iterdir()}


def test_a_log_folder_comes_below_its_budget_and_stays_there(host: LocalHost) -> None:
    logs = host.folder / "logs"
    for number in (1, 2, 3):
        write(logs / f"web.log.{number}", MB // 2, 1_000_000 - number)
    current = write(logs / "web.log", 2 * MB, 2_000_000)
    inode = current.stat().st_ino
    before = listing(logs)

    foretold = host.play("log_cleanup", "--check", "--diff", folder="logs")
    assert (foretold.rc, foretold.changed) == (0, True), foretold.output
    assert "web.log.3" in foretold.diff and listing(logs) == before

    done = host.play("log_cleanup", folder="logs")
    assert (done.rc, done.changed) == (0, True), done.output
    assert "3 files deleted, 1 shortened" in done.messages
    assert listing(logs).keys() == {"web.log"}
    assert 1.3 * MB < current.stat().st_size <= 1.4 * MB
    assert current.stat().st_ino == inode and current.read_bytes().endswith(b"%09d\n" % (2 * MB // 10 - 1))

    again = host.play("log_cleanup", folder="logs")
    assert (again.rc, again.changed) == (0, False), again.output


def test_a_log_folder_filled_by_other_files_is_a_failure(host: LocalHost) -> None:
    write(host.folder / "logs" / "core.dump", 3 * MB, 1)
    done = host.play("log_cleanup", folder="logs")
    assert done.rc != 0 and "other files" in done.messages, done.output
    assert listing(host.folder / "logs").keys() == {"core.dump"}


def test_only_old_matching_files_of_a_place_go(host: LocalHost) -> None:
    spool = host.folder / "spool"
    write(spool / "old.tmp", 1000, 1_000_000)
    write(spool / "old.keep", 1000, 1_000_000)
    (spool / "new.tmp").write_text("new")
    before = listing(spool)

    foretold = host.play("disk_cleanup", "--check", "--diff", place="spool")
    assert (foretold.rc, foretold.changed, listing(spool)) == (0, True, before), foretold.output
    assert "old.tmp" in foretold.diff and "keep" not in foretold.diff

    done = host.play("disk_cleanup", place="spool")
    assert (done.rc, done.changed) == (0, True), done.output
    assert listing(spool).keys() == {"old.keep", "new.tmp"} and "1 files deleted" in done.messages

    again = host.play("disk_cleanup", place="spool")
    assert (again.rc, again.changed) == (0, False), again.output


def test_a_folder_that_is_a_link_is_refused(host: LocalHost) -> None:
    spool = host.folder / "spool"
    spool.rmdir()
    target = host.folder / "jobs"
    write(target / "old.tmp", 1000, 1_000_000)
    spool.symlink_to(target)
    done = host.play("disk_cleanup", place="spool")
    assert done.rc != 0 and "symbolic link" in done.messages, done.output
    assert listing(target).keys() == {"old.tmp"}


@pytest.mark.parametrize(
    ("remedy", "parameter"), [("log_cleanup", "folder"), ("disk_cleanup", "place"), ("inode_cleanup", "place")]
)
def test_an_unknown_name_fails_before_anything_is_done(host: LocalHost, remedy: str, parameter: str) -> None:
    done = host.play(remedy, **{parameter: "nowhere"})
    assert done.rc != 0 and "nowhere is no" in done.messages, done.output


@pytest.mark.parametrize("remedy", ["disk_cleanup", "inode_cleanup"])
def test_all_places_on_a_mount_are_cleaned_and_what_lies_elsewhere_is_not(host: LocalHost, remedy: str) -> None:
    parts = {name: host.folder / name for name in ("tmp", "cache", "old_logs", "not_there")}
    for name, file in (("tmp", "a/sess_1"), ("cache", "big_1.deb"), ("old_logs", "web.log.1"), ("old_logs", "web.log")):
        (parts[name] / file).parent.mkdir(parents=True, exist_ok=True)
        write(parts[name] / file, 1000, 1_000_000)
    os.utime(parts["tmp"] / "a", (1_000_000, 1_000_000))
    inventory = host.root / "hosts.yml"
    inventory.write_text(
        "all:\n  hosts:\n    demo1:\n      ansible_connection: local\n"
        "      ansible_python_interpreter: '{{ ansible_playbook_python }}'\n      fleetmend_cleanup:\n"
        f"        sessions: {{path: {parts['tmp']}}}\n"
        f"        packages: {{kind: package_cache, path: {parts['cache']}}}\n"
        f"        logs: {{kind: rotated_logs, path: {parts['old_logs']}}}\n"
        f"        gone: {{path: {parts['not_there']}}}\n"
        "        elsewhere: {path: /proc/self}\n"
    )
    mount = mount_of(host.folder)
    foretold = host.play(remedy, "--check", "--diff", inventory=inventory, mount=mount)
    assert (foretold.rc, foretold.changed) == (0, True), foretold.output
    assert {name for name in ("sess_1", "big_1.deb", "web.log.1") if name in foretold.diff} == {
        "sess_1",
        "big_1.deb",
        "web.log.1",
    }
    done = host.play(remedy, inventory=inventory, mount=mount)
    assert (done.rc, done.changed) == (0, True), done.output
    assert f"{parts['cache']}: 1000.00 Bytes freed, 1 files deleted" in done.messages, done.messages
    left = {path.name for path in host.folder.rglob("*") if path.parent != host.folder}
    assert left == {"web.conf", "web.log"} | ({"a"} if remedy == "disk_cleanup" else set())

    again = host.play(remedy, inventory=inventory, mount=mount)
    assert (again.rc, again.changed) == (0, False), again.output

    other = host.play(remedy, inventory=inventory, mount="/proc", place="sessions")
    assert other.rc != 0 and "Nothing on /proc may be cleaned" in other.messages, other.output


def mount_of(path: Path) -> str:
    """The mount point that *path* lies on."""
    return str(next(parent for parent in (path, *path.parents) if parent.is_mount()))


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("kind: files", "needs a path"),
        ("kind: dreams, path: /x", "no kind"),
        ("path: /x, older_than: long", "needs a path"),
    ],
)
def test_an_entry_that_says_too_little_is_refused(host: LocalHost, entry: str, why: str) -> None:
    inventory = host.root / "hosts.yml"
    inventory.write_text(
        f"all:\n  hosts:\n    demo1:\n      ansible_connection: local\n      fleetmend_cleanup: {{odd: {{{entry}}}}}\n"
    )
    done = host.play("disk_cleanup", inventory=inventory, place="odd")
    assert done.rc != 0 and why in done.messages and done.stats["changed"] == 0, done.output


JOURNALCTL = """#!/bin/sh
# Closes the one open journal on --rotate, and deletes closed ones, oldest first, as --vacuum-size asks for.
cd "{root}/journal/m" || exit 1
case "$*" in
  --rotate) mv system.journal system@2.journal; : > system.journal ;;
  *--vacuum-size=*) rm -f system@1.journal; echo "$*" >> "{root}/calls" ;;
esac
"""


def test_a_journal_comes_down_to_its_size(host: LocalHost) -> None:
    host.tools.mkdir()
    (host.tools / "journalctl").write_text(JOURNALCTL.format(root=host.root))
    (host.tools / "journalctl").chmod(0o755)
    journal = host.root / "journal" / "m"
    journal.mkdir(parents=True)
    for name, size in (("system@1.journal", 20 * MB), ("system.journal", 8 * MB)):
        (journal / name).write_bytes(b"x" * size)
    inventory = host.root / "hosts.yml"
    inventory.write_text(
        "all:\n  hosts:\n    demo1:\n      ansible_connection: local\n"
        "      ansible_python_interpreter: '{{ ansible_playbook_python }}'\n      fleetmend_cleanup:\n"
        f"        journal: {{kind: journal, path: {host.root}/journal, keep: 16MB}}\n"
        f"        tiny: {{kind: journal, path: {host.root}/journal, keep: 1MB}}\n"
    )
    foretold = host.play("disk_cleanup", "--check", inventory=inventory, place="journal")
    assert (foretold.rc, foretold.changed) == (0, True), foretold.output
    assert not (host.root / "calls").exists()
    done = host.play("disk_cleanup", inventory=inventory, place="journal")
    assert (done.rc, done.changed) == (0, True) and "20.00 MB freed" in done.messages, done.output
    again = host.play("disk_cleanup", inventory=inventory, place="journal")
    assert (again.rc, again.changed) == (0, False), again.output
    assert (host.root / "calls").read_text() == f"--directory={host.root}/journal --vacuum-size={16 * MB}\n"
    tiny = host.play("disk_cleanup", inventory=inventory, place="tiny")
    assert tiny.rc != 0 and "must be 16777216 bytes at least" in tiny.messages, tiny.output
