"""A disk that runs full: intake stops with a clear answer, nothing that was answered is lost, and it goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from core.clock import ManualClock
from core.errors import StorageFull
from store.store import Store, open_store
from tests.api_client import DOWN, Api, open_api
from tests.stores import detection, new_store

URL = "/api/v1/detections"


@pytest.fixture
def store(clock: ManualClock, tmp_path: Path) -> Iterator[Store]:
    """On SQLite alone: its own bound stands for a disk."""
    with new_store(clock, tmp_path) as opened:
        yield opened


def bounded(store: Store) -> Callable[[int], None]:
    """Returns what sets SQLite's own bound to so many pages beyond what is in use; what it refuses is SQLITE_FULL."""
    engine = store._database.engine
    bound = 2**30

    @event.listens_for(engine, "checkout")
    def _bound(connection: object, _record: object, _proxy: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {bound}")  # type: ignore[attr-defined]

    def leave(pages: int) -> None:
        nonlocal bound
        with engine.connect() as connection:
            used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        bound = used + pages

    return leave


def fill(api: Api) -> tuple[list[str], int]:
    """Post until it is refused; returns the ids that were answered, and the status of the refusal."""
    stored: list[str] = []
    for number in range(5000):
        body = [DOWN | {"subject": f"s{number}-{one}", "evidence": {"text": "x" * 400}} for one in range(20)]
        answer = api.http.post(URL, json=body)
        if answer.status_code != 201:
            assert answer.json()["type"] == "urn:fleetmend:storage-full"
            assert "make room" in answer.json()["detail"]
            assert int(answer.headers["retry-after"]) >= 10
            return stored, answer.status_code
        stored += [one["detection"] for one in answer.json()["accepted"]]
    raise AssertionError("it never ran full")


def check(api: Api, stored: list[str], make_room: Callable[[], None]) -> None:
    store = api.house.loop.context.store
    assert store.detections.count() == len(stored), "what was answered is there, and nothing else"
    assert store.proof().violation is None
    assert api.http.get("/api/v1/incidents").status_code == 200, "what is there can be read"
    make_room()
    [again] = api.post("/detections", DOWN, 201)["accepted"]
    assert store.incidents.get(again["incident"])
    assert store.detections.count() == len(stored) + 1
    assert store.proof().violation is None


def test_a_full_database_refuses_and_goes_on(tmp_path: Path) -> None:
    with open_api(tmp_path, mode="observe") as api:
        leave = bounded(api.house.loop.context.store)
        leave(60)
        stored, status = fill(api)
        assert status == 507
        assert stored
        check(api, stored, lambda: leave(1000))


def test_a_batch_is_refused_whole(store: Store, clock: ManualClock) -> None:
    leave = bounded(store)
    leave(3)
    batch = [detection(clock, subject=f"s{number}", evidence={"text": "x" * 500}) for number in range(100)]
    with pytest.raises(StorageFull, match="make room"), store.write() as tx:
        store.detections.accept(tx, batch, {})
    leave(1000)
    assert store.detections.count() == 0
    assert store.proof().violation is None


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 3 MB of its own. Only root can mount one."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "fleetmend-test", str(folder)], check=False)
    if done.returncode != 0:
        pytest.skip("no file system can be mounted here; the tests with SQLite's own bound say the same")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root mounts a small disk; the tests with SQLite's own bound say it too"
)
def test_a_real_disk_that_is_full(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, open_api(disk, mode="observe") as api:
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * 600_000)
        stored, status = fill(api)
        assert status == 507
        check(api, stored, ballast.unlink)


def test_a_head_that_cannot_be_written_fails_nobody(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """The entry is committed by then: the file outside the database only stays behind."""
    (tmp_path / "journal.new").mkdir()
    with store.write() as tx:
        store.detections.accept(tx, [detection(clock)], {})
    assert store.proof().violation is None
    (tmp_path / "journal.new").rmdir()
    with store.write() as tx:
        store.detections.accept(tx, [detection(clock)], {})
    head = store.journal.head_file.read()
    assert head is not None
    assert head.seq == store.journal.last(1)[0].seq
    again = open_store(f"sqlite:///{tmp_path / 'fleetmend.db'}", tmp_path, clock)
    assert again.proof().violation is None
    again.close()
