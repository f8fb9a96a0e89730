"""What the journal proves of rows: whatever is changed, deleted or slipped in behind the store's back is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, select

from core.clock import ManualClock
from core.people import Grant, Role
from core.points import Point
from core.states import State
from store import proof
from store.message_tables import callbacks
from store.people_tables import grants, sessions
from store.proven import BY_NAME, PROVEN, columns, in_words, key_columns, named
from store.schema import metadata
from store.store import Store
from store.tables import approvals, incidents, runs
from tests.ledger import opened
from tests.proven_rows import TABLES, another, behind, copy_row, delete_row, fill, first_row, set_row

DAY = timedelta(days=1)
NOT_PROVEN = {
    # The proof of these is the chain itself, and the key.
    *("journal", "journal_head", "journal_key"),
    # What is measured or told anew all the time, or is counted.
    *("conditions", "alerts", "deliveries", "source_tallies", "cursors", "counters", "sign_in_attempts", "run_events"),
    # Who works on what at this moment, and what was told outside.
    *("leases", "reservations", "ticks", "agents", "messages", "message_channels"),
}


@pytest.fixture
def full(store: Store, clock: ManualClock) -> Store:
    fill(store, clock)
    return store


def violations(store: Store) -> list[str]:
    """All that is wrong: `proof()` tells the first."""
    with store._database.read() as tx:
        found = list(proof._violations(tx, store.journal, store.journal.head_file.read()))
    assert (store.proof().violation is None) == (not found)
    return found


def words(table: Table, row: dict[str, object]) -> str:
    return in_words(table.name, named(tuple(row[column.name] for column in key_columns(table))))


def test_every_table_is_decided_on() -> None:
    assert {table.name for table in metadata.sorted_tables} == set(TABLES) | NOT_PROVEN
    assert not set(TABLES) & NOT_PROVEN


def test_what_happened_is_whole(full: Store) -> None:
    assert violations(full) == []


@pytest.mark.parametrize("name", TABLES)
def test_each_column_of_each_row_is_proven(full: Store, tmp_path: Path, name: str) -> None:
    table = BY_NAME[name]
    with behind(tmp_path) as connection:
        row = first_row(connection, table)
    assert row, f"nothing happens in {name}"
    for column in columns(table):
        value = row[column.name]
        for other in [another(column, value), *([None] if column.nullable and value is not None else [])]:
            with behind(tmp_path) as connection:
                set_row(connection, table, row, **{column.name: other})
            found = violations(full)
            if column.primary_key:
                assert f"{words(table, row)}: the journal knows it, the database does not" in found
                assert f"{words(table, row | {column.name: other})}: the journal does not know it" in found
            else:
                assert f"{words(table, row)}: it was changed" in found, column.name
            with behind(tmp_path) as connection:
                set_row(connection, table, row | {column.name: other} if column.primary_key else row, **row)
    assert violations(full) == []


@pytest.mark.parametrize("name", TABLES)
def test_a_row_that_was_deleted_or_slipped_in_is_named(full: Store, tmp_path: Path, name: str) -> None:
    table = BY_NAME[name]
    with behind(tmp_path) as connection:
        row = first_row(connection, table)
        made = copy_row(connection, table, row)
    assert f"{words(table, made)}: the journal does not know it" in violations(full)
    with behind(tmp_path) as connection:
        delete_row(connection, table, made)
    assert violations(full) == []
    with behind(tmp_path) as connection:
        delete_row(connection, table, row)
    assert f"{words(table, row)}: the journal knows it, the database does not" in violations(full)


def test_what_is_not_proven_may_change(full: Store, tmp_path: Path) -> None:
    with behind(tmp_path) as connection:
        row = first_row(connection, sessions)
        set_row(connection, sessions, row, seen_at=another(sessions.c.seen_at, row["seen_at"]))
    assert violations(full) == []


def test_a_role_that_was_taken_away_does_not_come_back(full: Store, tmp_path: Path) -> None:
    with behind(tmp_path) as connection:
        held = connection.execute(select(grants).where(grants.c.fleet == "demo")).mappings().one()
    full.people.revoke("ann", "demo", "person:root")
    assert violations(full) == []
    with behind(tmp_path) as connection:
        connection.execute(grants.insert().values(**held))
    assert "grants ann, demo: the journal does not know it" in violations(full)


class TestWrittenOver:
    """What was changed behind our back is found, too, once we have written over it."""

    def test_an_incident(self, full: Store, clock: ManualClock, tmp_path: Path) -> None:
        incident = opened(full, clock, "h6")
        with behind(tmp_path) as connection:
            set_row(connection, incidents, {"id": incident.id}, host="h7")
        with full.write() as tx:
            full.incidents.move(tx, full.incidents.get(incident.id), State.ESCALATED, "x", plan_id="pln-none")
        assert any(f"{incident.id}: it was changed by somebody before entry" in one for one in violations(full))

    def test_a_session_that_was_slipped_in_and_ended(self, full: Store, tmp_path: Path) -> None:
        with behind(tmp_path) as connection:
            made = copy_row(connection, sessions, first_row(connection, sessions))
        with full.write() as tx:
            tx.execute(sessions.delete().where(sessions.c.digest == made["digest"]))
        assert any("it was changed by somebody before entry" in one for one in violations(full))

    def test_a_callback_that_was_forged_and_worked(self, full: Store, tmp_path: Path) -> None:
        with behind(tmp_path) as connection:
            made = copy_row(connection, callbacks, first_row(connection, callbacks))
        full.callbacks.done(str(made["id"]))
        assert any(f"callbacks {made['id']}: it was changed by somebody" in one for one in violations(full))


class TestBehindACut:
    """The checkpoint carries what the cut part told, and nothing else does."""

    @pytest.fixture
    def cut(self, full: Store, clock: ManualClock) -> Iterator[Store]:
        clock.advance(DAY)
        full.people.grant("ann", Grant(role=Role.VIEWER, fleet="web"), "person:root")
        clock.advance(100 * DAY)
        full.people.grant("ann", Grant(role=Role.OPERATOR, fleet="web"), "person:root")
        full.pauses.resume("demo", "person:ann")
        assert full.retention.prune_incidents(90 * DAY, 10_000) == 3
        full.retention.prune_detections(90 * DAY)
        opened(full, clock, "young")
        assert full.retention.cut_journal(50 * DAY, least=1) > 10
        assert violations(full) == []
        yield full

    def test_it_is_whole_and_goes_on(self, cut: Store, clock: ManualClock) -> None:
        for _ in range(3):
            clock.advance(40 * DAY)
            cut.people.grant("ann", Grant(role=Role.APPROVER, fleet="web"), "person:root")
            cut.people.revoke("ann", "web", "person:root")
            cut.retention.cut_journal(50 * DAY, least=1)
            assert violations(cut) == []
        cut.retention.prune_outcomes(90 * DAY)
        assert violations(cut) == []

    def test_what_is_carried_is_proven(self, cut: Store, tmp_path: Path) -> None:
        with behind(tmp_path) as connection:
            row = first_row(connection, grants)
            set_row(connection, grants, row, role="viewer")
        assert "grants ann, *: it was changed" in violations(cut)

    def test_what_was_taken_back_since_is_not_carried_and_does_not_come_back(
        self, cut: Store, clock: ManualClock, tmp_path: Path
    ) -> None:
        checkpoint = [entry for entry in cut.journal.entries() if entry.kind == "journal.checkpoint"][-1]
        assert "pauses" not in checkpoint.body["rows"]
        assert set(checkpoint.body["rows"]["grants"]) == {"ann\x1f*", "ann\x1fdemo"}
        assert set(checkpoint.body["rows"]) < set(BY_NAME)
        with behind(tmp_path) as connection:
            copy_row(connection, grants, first_row(connection, grants))
        assert any("the journal does not know it" in one for one in violations(cut))

    def test_what_is_slipped_in_and_written_over_is_found(self, cut: Store, tmp_path: Path) -> None:
        with behind(tmp_path) as connection:
            made = copy_row(connection, sessions, first_row(connection, sessions))
        with cut.write() as tx:
            tx.execute(sessions.delete().where(sessions.c.digest == made["digest"]))
        assert any("it was changed by somebody before entry" in one for one in violations(cut))

    def test_that_is_found_after_the_next_cut_too(self, cut: Store, clock: ManualClock, tmp_path: Path) -> None:
        with behind(tmp_path) as connection:
            made = copy_row(connection, sessions, first_row(connection, sessions))
        with cut.write() as tx:
            tx.execute(sessions.delete().where(sessions.c.digest == made["digest"]))
        clock.advance(40 * DAY)
        opened(cut, clock, "more")
        cut.retention.cut_journal(30 * DAY, least=1)
        assert violations(cut) != []


def test_a_statement_that_nobody_can_follow_is_refused(full: Store) -> None:
    many = runs.update().where(runs.c.id == "run-1").values(problem="x")
    with pytest.raises(TypeError, match="runs is proven"), full.write(Point.RUNS_FOLLOW) as tx:
        tx.execute(many, [{}, {}])


def test_what_changes_nothing_costs_no_entry(full: Store) -> None:
    before = len(list(full.journal.entries()))
    with full.write() as tx:
        tx.execute(approvals.update().values(by=approvals.c.by))
    assert len(list(full.journal.entries())) == before


def test_a_change_that_nobody_has_words_for_is_told_all_the_same(full: Store) -> None:
    with full.write() as tx:
        tx.execute(approvals.update().values(by="policy"))
    last = list(full.journal.entries())[-1]
    assert (last.kind, last.actor, last.body) == ("rows.changed", "store", {"tables": ["approvals"]})
    assert violations(full) == []
    assert set(PROVEN) == {BY_NAME[name] for name in TABLES}
