"""Backup and restore: what comes back was there at one moment, and nothing is put in place that does not hold."""

from __future__ import annotations

import io
import json
import sqlite3
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import BadInput, Conflict, Refused
from core.state_lock import own_state
from store.backup import back_up, restore
from store.store import Store, open_store
from tests.stores import detection, new_store


@pytest.fixture
def store(clock: ManualClock, tmp_path: Path) -> Iterator[Store]:
    """On SQLite alone: PostgreSQL has tools of its own for this."""
    with new_store(clock, tmp_path) as opened:
        yield opened


def fill(store: Store, clock: ManualClock, number: int = 5) -> None:
    for at in range(number):
        with store.write() as tx:
            store.detections.accept(tx, [detection(clock, subject=f"s{at}")], {})


@pytest.fixture
def archive(store: Store, clock: ManualClock, tmp_path: Path) -> Path:
    """A backup of a store with five incidents."""
    fill(store, clock)
    target = tmp_path / "kept.tar.gz"
    back_up(tmp_path, target, clock)
    return target


def opened(state: Path, clock: ManualClock) -> Store:
    return open_store(f"sqlite:///{state / 'fleetmend.db'}", state, clock)


def test_what_is_restored_is_what_was_there(store: Store, clock: ManualClock, archive: Path, tmp_path: Path) -> None:
    assert archive.stat().st_mode & 0o777 == 0o600
    before = store.incidents.newest()
    fill(store, clock)
    done = restore(archive, tmp_path / "new", clock)
    assert (done.incidents, done.aside, done.backup.made_at) == (5, None, clock.now())
    again = opened(tmp_path / "new", clock)
    assert again.incidents.newest() == before
    assert again.proof().violation is None
    fill(again, clock)
    assert again.proof().violation is None
    again.close()
    assert (tmp_path / "new" / "journal.key").stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in (tmp_path / "new").glob(".restore-*")) == []


def test_a_backup_is_one_moment_while_others_write(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    fill(store, clock)
    stop, began = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with store.write() as tx:
                store.detections.accept(tx, [detection(clock, host=f"w{number}")], {})
            began.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert began.wait(60)
        for number in range(3):
            back_up(tmp_path, tmp_path / f"kept{number}.tar.gz", clock)
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        done = restore(tmp_path / f"kept{number}.tar.gz", tmp_path / f"new{number}", clock)
        assert done.incidents >= 5


def test_a_store_that_is_there_is_kept_aside(store: Store, clock: ManualClock, archive: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    mine = opened(other, clock)
    fill(mine, clock, 2)
    mine.close()
    with pytest.raises(Conflict, match="--force"):
        restore(archive, other, clock)
    done = restore(archive, other, clock, force=True)
    assert done.aside is not None
    aside = opened(done.aside, clock)
    assert (len(aside.incidents.newest()), aside.proof().violation) == (2, None)
    aside.close()
    now = opened(other, clock)
    assert (len(now.incidents.newest()), now.proof().violation) == (5, None)
    now.close()


def test_nothing_is_restored_under_a_running_process(clock: ManualClock, archive: Path, tmp_path: Path) -> None:
    with own_state(tmp_path / "busy"), pytest.raises(Conflict, match="already running"):
        restore(archive, tmp_path / "busy", clock, force=True)


def test_a_backup_replaces_nothing(clock: ManualClock, archive: Path, tmp_path: Path) -> None:
    before = archive.read_bytes()
    with pytest.raises(Conflict, match="there already"):
        back_up(tmp_path, archive, clock)
    assert archive.read_bytes() == before
    with pytest.raises(BadInput, match="no store"):
        back_up(tmp_path / "nowhere", tmp_path / "x.tar.gz", clock)


def repacked(archive: Path, target: Path, **changed: bytes | None) -> Path:
    """The archive with members replaced (None: left out); names are given without their dots."""
    with tarfile.open(archive) as tar:
        members = {one.name: tar.extractfile(one).read() for one in tar if one.isfile()}  # type: ignore[union-attr]
    names = {name.replace(".", "_"): name for name in members}
    for name, data in changed.items():
        if data is None:
            del members[names[name]]
        else:
            members[names.get(name, name)] = data
    with tarfile.open(target, "w:gz") as tar:
        for name, data in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            tar.addfile(about, io.BytesIO(data))
    return target


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"journal_key": b"00" * 32}, "checksum of journal.key"),
        ({"fleetmend_db": b"SQLite format 3"}, "checksum of fleetmend.db"),
        ({"fleetmend_db": None}, "no whole backup"),
        ({"manifest_json": None}, "no whole backup"),
        ({"manifest_json": b"{}"}, "no whole backup"),
        ({"manifest_json": json.dumps({"format": 9}).encode()}, "newer fleetmend"),
        ({"manifest_json": json.dumps({"format": 1, "sha256": {"../../etc/passwd": "x"}}).encode()}, "should hold"),
    ],
)
def test_a_damaged_archive_is_refused(
    clock: ManualClock, archive: Path, tmp_path: Path, changed: dict[str, bytes | None], words: str
) -> None:
    bad = repacked(archive, tmp_path / "bad.tar.gz", **changed)
    with pytest.raises(BadInput, match=words):
        restore(bad, tmp_path / "new", clock)
    assert not (tmp_path / "new" / "fleetmend.db").exists()


@pytest.mark.parametrize("size", [0, 100, 3000])
def test_half_an_archive_is_refused(clock: ManualClock, archive: Path, tmp_path: Path, size: int) -> None:
    (tmp_path / "half.tar.gz").write_bytes(archive.read_bytes()[:size])
    with pytest.raises(BadInput, match="no whole backup"):
        restore(tmp_path / "half.tar.gz", tmp_path / "new", clock)


def test_a_backup_of_a_changed_journal_is_not_put_in_place(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    fill(store, clock)
    with sqlite3.connect(tmp_path / "fleetmend.db") as raw:
        raw.execute("UPDATE journal SET body = '{}' WHERE seq = 2")
    back_up(tmp_path, tmp_path / "kept.tar.gz", clock)
    with pytest.raises(Refused, match="entry 2 was changed"):
        restore(tmp_path / "kept.tar.gz", tmp_path / "new", clock)
    assert not (tmp_path / "new" / "fleetmend.db").exists()
