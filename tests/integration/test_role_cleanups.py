"""log_cleanup and disk_cleanup, on real folders."""

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


@pytest.mark.parametrize(("remedy", "parameter"), [("log_cleanup", "folder"), ("disk_cleanup", "place")])
def test_an_unknown_name_fails_before_anything_is_done(host: LocalHost, remedy: str, parameter: str) -> None:
    done = host.play(remedy, **{parameter: "nowhere"})
    assert done.rc != 0 and "nowhere is no" in done.messages, done.output
