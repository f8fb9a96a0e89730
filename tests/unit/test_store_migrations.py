"""Migrations go up from the first revision with data in place, and what was there then is there afterwards."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import BadInput
from core.states import State
from store.database import Database
from store.migrations import migrate, revisions
from store.store import Store, open_store
from tests.stores import detection

DUMP = Path(__file__).parent.parent / "cases" / "store_0001.sql"
"""A healed incident, an escalated one, an open one, with all that belongs to them; its key and head are comments."""


def lay_out(folder: Path) -> None:
    """A state folder as revision 0001 left it."""
    text = DUMP.read_text()
    for name in ("journal.key", "journal.head"):
        found = re.search(rf"^-- {name}: (.*)$", text, re.MULTILINE)
        assert found is not None
        (folder / name).write_text(found[1])
    with sqlite3.connect(folder / "fleetmend.db") as raw:
        raw.executescript(text)


def counts(folder: Path) -> dict[str, int]:
    with sqlite3.connect(folder / "fleetmend.db") as raw:
        names = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: raw.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}


@pytest.fixture
def old(tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    lay_out(tmp_path)
    store = open_store(f"sqlite:///{tmp_path / 'fleetmend.db'}", tmp_path, clock)
    yield store
    store.close()


def test_every_row_is_still_there(tmp_path: Path) -> None:
    lay_out(tmp_path)
    before = counts(tmp_path)
    database = Database(f"sqlite:///{tmp_path / 'fleetmend.db'}")
    assert revisions(database.engine).current == "0001"
    migrate(database.engine)
    after = revisions(database.engine)
    database.close()
    assert (after.current, after.pending) == (after.newest, ())
    assert counts(tmp_path).items() >= before.items()
    assert sum(before.values()) > 60
    with sqlite3.connect(tmp_path / "fleetmend.db") as raw:
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_an_old_store_is_used_as_a_new_one(old: Store, clock: ManualClock) -> None:
    assert old.proof().violation is None
    states = {one.host: one.state for one in old.incidents.newest()}
    assert states == {"h1": State.RESOLVED, "h2": State.ESCALATED, "h3": State.OPEN}
    assert len(old.outcomes.newest(symptom="service_down")) == 3
    with old.write() as tx:
        [accepted] = old.detections.accept(tx, [detection(clock, host="h3")], {})
    assert not accepted.opened
    assert old.proof().violation is None


def test_there_is_one_line_of_revisions(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    found = revisions(database.engine)
    database.close()
    assert found.current is None
    assert (found.pending[0], found.pending[-1]) == ("0001", found.newest)
    assert len(set(found.pending)) == len(found.pending)


def test_a_database_from_the_future_is_refused(tmp_path: Path, clock: ManualClock) -> None:
    lay_out(tmp_path)
    with sqlite3.connect(tmp_path / "fleetmend.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    url = f"sqlite:///{tmp_path / 'fleetmend.db'}"
    with pytest.raises(BadInput, match="newer fleetmend"):
        open_store(url, tmp_path, clock)
    with pytest.raises(BadInput, match="newer fleetmend"):
        revisions(Database(url).engine)
