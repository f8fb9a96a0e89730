"""Retention: takes out what is too old or too much, in small transactions, so that nobody waits for it.

Each kind of row goes by its own rule; none that the loop still needs. What was taken out leaves a trace: every pruned
incident an entry in the journal, the journal a checkpoint (`sealing.py`), the rest a tally.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Executable, Select, Table, and_, delete, exists, func, or_, select

from core.alerts import AlertState
from core.clock import Clock
from core.points import Point
from store.counters import Counter, Counters
from store.database import Database, Tx
from store.journal import Journal
from store.leases import Leases
from store.message_tables import callbacks
from store.schema import metadata
from store.sealing import ACTOR, PRUNED, cut, standing
from store.source_tables import alerts, cursors, deliveries
from store.tables import detections, incidents, journal, mutes, outcomes, run_events, runs
from store.work_tables import ticks

_AT_ONCE = 200
"""Rows of a kind in one transaction: some milliseconds."""
_INCIDENTS_AT_ONCE = 50
_CURSORS_KEPT = timedelta(days=60)
_ENTRIES_AT_ONCE, _SMALLEST_CUT = 2000, 500
_FIRST_DAY = timedelta(days=1)
"""No ended incident goes within it, however many there are: budgets and cooldowns look at its runs."""


class Retention:
    """Prunes one kind of rows at a time. Every method returns how many rows of its kind went."""

    def __init__(self, database: Database, clock: Clock, journal: Journal, leases: Leases, counters: Counters) -> None:
        self._database, self._clock, self._journal = database, clock, journal
        self._leases, self._counters = leases, counters

    def prune_events(self, older_than: timedelta) -> int:
        """Events of runs that ended longer than *older_than* ago. The runs stay, with their results."""
        has_events = exists().where(run_events.c.run_id == runs.c.id)
        old = select(runs.c.id).where(runs.c.ended_at < self._before(older_than), has_events)
        return self._in_turn(old, lambda tx, ids: self._delete(tx, run_events, run_events.c.run_id.in_(ids)))

    def prune_detections(self, older_than: timedelta) -> int:
        """Single detections that were accepted longer than *older_than* ago.

        A live incident keeps the newest one of each signal and source: verification measures those again, and who
        reported does not approve.
        """
        newer = detections.alias()
        repeated = exists().where(
            newer.c.incident_id == detections.c.incident_id,
            newer.c.host == detections.c.host,
            newer.c.symptom == detections.c.symptom,
            newer.c.subject == detections.c.subject,
            newer.c.source == detections.c.source,
            or_(
                newer.c.accepted_at > detections.c.accepted_at,
                and_(newer.c.accepted_at == detections.c.accepted_at, newer.c.id > detections.c.id),
            ),
        )
        old = (
            select(detections.c.id)
            .join(incidents, incidents.c.id == detections.c.incident_id)
            .where(detections.c.accepted_at < self._before(older_than))
            .where(or_(incidents.c.ended_at.is_not(None), repeated))
        )

        def take_out(tx: Tx, ids: Sequence[str]) -> int:
            gone = self._delete(tx, detections, detections.c.id.in_(ids))
            self._counters.add(tx, Counter.PRUNED_DETECTIONS, gone)
            return gone

        return self._in_turn(old, take_out)

    def prune_incidents(self, older_than: timedelta, at_most: int) -> int:
        """Incidents that ended longer than *older_than* ago, and the oldest of more than *at_most*.

        With each go its plans, approvals, runs, verifications and detections; its outcomes and the journal stay. One
        that mutes a problem stays until it does no more.
        """
        now = self._clock.now()
        muting = exists().where(mutes.c.incident_id == incidents.c.id, mutes.c.until > now)
        old = (
            select(incidents.c.id)
            .where(incidents.c.ended_at < self._ended_before(older_than, at_most), ~muting)
            .order_by(incidents.c.ended_at)
        )
        return self._in_turn(old, self._take_out, _INCIDENTS_AT_ONCE)

    def prune_outcomes(self, older_than: timedelta) -> int:
        """Outcomes from longer than *older_than* ago, unless their incident is there still."""
        kept = exists().where(incidents.c.id == outcomes.c.incident_id)
        old = select(outcomes.c.id).where(outcomes.c.at < self._before(older_than), ~kept)
        return self._in_turn(old, lambda tx, ids: self._delete(tx, outcomes, outcomes.c.id.in_(ids)))

    def prune_claims(self, older_than: timedelta) -> int:
        """Claimed ticks, worked callbacks, and leases that nobody holds, from longer than *older_than* ago."""
        with self._database.write(Point.RETENTION_CLAIMS) as tx:
            self._leases.forget_old(tx, older_than)
            self._delete(tx, callbacks, callbacks.c.worked_at < self._before(older_than))
            self._forget_sources(tx, self._before(older_than))
            return self._delete(tx, ticks, ticks.c.due_at < self._before(older_than))

    def _forget_sources(self, tx: Tx, before: datetime) -> None:
        """Deliveries that no retry can be of any more, alerts that are over, and cursors that no sweep moves."""
        self._delete(tx, deliveries, deliveries.c.at < before)
        over = (alerts.c.state == AlertState.RESOLVED.value) & alerts.c.flapping_until.is_(None)
        self._delete(tx, alerts, over & (alerts.c.heard_at < before))
        self._delete(tx, cursors, cursors.c.at < before - _CURSORS_KEPT)

    def cut_journal(self, older_than: timedelta, *, least: int = _SMALLEST_CUT) -> int:
        """The journal's entries from longer than *older_than* ago, sealed by a checkpoint, if *least* are to go."""
        before, whole = self._before(older_than).isoformat(), 0
        with self._database.read() as tx:
            last = tx.one(select(journal.c.at).order_by(journal.c.seq).offset(least - 1).limit(1))
            if last is None or last["at"] >= before:
                return 0
            still = standing(tx, before)
        while True:
            with self._database.write(Point.RETENTION_CUT) as tx:
                gone = cut(tx, self._journal, before, still, least=least, most=max(least, _ENTRIES_AT_ONCE))
            whole += gone
            if gone == 0:
                return whole

    def _before(self, older_than: timedelta) -> datetime:
        return self._clock.now() - older_than

    def _ended_before(self, older_than: timedelta, at_most: int) -> datetime:
        ended = select(incidents.c.ended_at).where(incidents.c.ended_at.is_not(None))
        with self._database.read() as tx:
            first_too_many = tx.one(ended.order_by(incidents.c.ended_at.desc()).offset(at_most).limit(1))
        before = self._before(older_than)
        if first_too_many is not None:
            # What ended at that very moment goes too: the bound is not exact, but nothing is left over.
            before = max(before, first_too_many["ended_at"] + timedelta(microseconds=1))
        return min(before, self._before(_FIRST_DAY))

    def _in_turn(
        self, chosen: Select[Any], take_out: Callable[[Tx, Sequence[str]], int], at_once: int = _AT_ONCE
    ) -> int:
        """Find some ids by reading, and take them out in a transaction of their own, until there are none."""
        whole = 0
        while True:
            with self._database.read() as tx:
                ids = [str(row["id"]) for row in tx.all(chosen.limit(at_once))]
            if not ids:
                return whole
            with self._database.write(Point.RETENTION_PRUNE) as tx:
                gone = take_out(tx, ids)
            whole += gone
            if gone == 0:
                return whole  # another process was faster

    def _take_out(self, tx: Tx, ids: Sequence[str]) -> int:
        tx.serialise("prune:incidents")
        ended = select(incidents).where(incidents.c.id.in_(ids), incidents.c.ended_at.is_not(None)).with_for_update()
        rows = tx.all(ended)
        still = [str(row["id"]) for row in rows]
        counted = select(func.count()).select_from(detections).where(detections.c.incident_id.in_(still))
        self._counters.add(tx, Counter.PRUNED_DETECTIONS, tx.execute(counted).scalar_one())
        for statement in _deletions(still):
            tx.execute(statement)
        for row in rows:
            body = {"state": row["state"], "ended_at": row["ended_at"].isoformat()}
            self._journal.append(tx, PRUNED, ACTOR, body, row["id"])
        return len(still)

    @staticmethod
    def _delete(tx: Tx, table: Table, which: Any) -> int:
        return tx.execute(delete(table).where(which)).rowcount


def _deletions(ids: Sequence[str]) -> list[Executable]:
    """How all that belongs to the incidents *ids* is deleted, children first, whatever tables there are."""
    of_runs = select(runs.c.id).where(runs.c.incident_id.in_(ids))
    statements: list[Executable] = []
    for table in reversed(metadata.sorted_tables):
        for key in sorted(table.foreign_keys, key=lambda one: one.parent.name):
            if key.column is incidents.c.id:
                statements.append(delete(table).where(key.parent.in_(ids)))
            elif key.column is runs.c.id:
                statements.append(delete(table).where(key.parent.in_(of_runs)))
    return [*statements, delete(incidents).where(incidents.c.id.in_(ids))]
