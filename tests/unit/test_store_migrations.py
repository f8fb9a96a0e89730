"""Migrations go up from the first revision with data in place, and what was there then is there afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from core.clock import ManualClock
from core.errors import BadInput
from core.states import State
from store.database import Database, Tx
from store.migrations import migrate, revisions
from store.resealing import ADOPTED, resealed
from store.store import Store, open_store
from tests.engines import empty_url, execute_raw
from tests.old_store import counts, lay_out
from tests.proven_rows import behind, fill
from tests.stores import detection


@pytest.fixture
def old(engine: str, tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    store = open_store(lay_out(tmp_path), tmp_path, clock)
    yield store
    store.close()


@pytest.mark.usefixtures("engine")
def test_every_row_is_still_there(tmp_path: Path) -> None:
    url = lay_out(tmp_path)
    before = counts(url)
    database = Database(url)
    assert revisions(database.engine).current == "0001"
    migrate(database.engine)
    after = revisions(database.engine)
    database.close()
    assert (after.current, after.pending) == (after.newest, ())
    assert counts(url).items() >= before.items()
    assert sum(before.values()) > 60


def test_sqlite_is_content_with_what_it_got(tmp_path: Path) -> None:
    url = lay_out(tmp_path)
    database = Database(url)
    migrate(database.engine)
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []
        assert connection.exec_driver_sql("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


def test_an_old_store_is_used_as_a_new_one(old: Store, clock: ManualClock) -> None:
    assert old.proof().violation is None
    states = {one.host: one.state for one in old.incidents.newest()}
    assert states == {"h1": State.RESOLVED, "h2": State.ESCALATED, "h3": State.OPEN}
    assert len(old.outcomes.newest(symptom="service_down")) == 3
    with old.write() as tx:
        [accepted] = old.detections.accept(tx, [detection(clock, host="h3")], {})
    assert not accepted.opened
    assert old.proof().violation is None


@pytest.mark.usefixtures("engine")
def test_there_is_one_line_of_revisions(tmp_path: Path) -> None:
    database = Database(empty_url(tmp_path))
    found = revisions(database.engine)
    database.close()
    assert found.current is None
    assert (found.pending[0], found.pending[-1]) == ("0001", found.newest)
    assert len(set(found.pending)) == len(found.pending)


@pytest.mark.usefixtures("engine")
def test_a_database_from_the_future_is_refused(tmp_path: Path, clock: ManualClock) -> None:
    url = lay_out(tmp_path)
    execute_raw(tmp_path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BadInput, match="newer fleetmend"):
        open_store(url, tmp_path, clock)
    database = Database(url)
    with pytest.raises(BadInput, match="newer fleetmend"):
        revisions(database.engine)
    database.close()


def test_rows_of_before_the_digests_are_proven_from_the_upgrade_on(old: Store, tmp_path: Path) -> None:
    adopted = [entry for entry in old.journal.entries() if entry.kind == ADOPTED]
    assert {entry.body["table"] for entry in adopted} >= {"incidents", "plans", "approvals", "runs", "outcomes"}
    execute_raw(tmp_path, "UPDATE outcomes SET verdict = 'worse'")
    assert "it was changed" in str(old.proof().violation)


def test_a_migration_seals_what_it_changes_and_hides_nothing(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    fill(store, clock)
    changing = "UPDATE plans SET risk = 'high'; ALTER TABLE runs ADD COLUMN more INTEGER"
    with behind(tmp_path) as connection:
        migrated(connection, store, clock, changing)
    store.journal.head_file.flush()
    assert store.proof().violation is None
    execute_raw(tmp_path, "UPDATE approvals SET answer = 'reject'")
    with behind(tmp_path) as connection:
        migrated(connection, store, clock, "UPDATE approvals SET answer = 'approve', reasons = '[]'")
    assert "it was changed by somebody before entry" in str(store.proof().violation)


def migrated(connection: Connection, store: Store, clock: ManualClock, statements: str) -> None:
    """Run *statements* as a migration is run."""
    tx = Tx(connection)
    with resealed(tx, store._database, clock, store.journal.head_file, lambda: store.journal.key):
        for statement in statements.split(";"):
            connection.execute(text(statement))
    for callback in tx.after_commit:
        callback()
