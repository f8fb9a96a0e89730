"""Silences: who wants what left alone for how long; and what was suppressed on their account, or for maintenance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, insert, select, update

from core.clock import Clock
from core.detections import Signal
from core.errors import Conflict, NotFound
from core.ids import new_id
from core.silences import Aside, Silence
from core.states import State
from store.database import Database, Tx
from store.journal import Journal
from store.scopes import Fleets, within
from store.source_tables import silences, suppressed
from store.tables import incidents, mutes


class Silences:
    """Makes, ends and tells silences."""

    def __init__(self, database: Database, clock: Clock, journal: Journal) -> None:
        self._database, self._clock, self._journal = database, clock, journal

    def make(
        self,
        tx: Tx,
        fleet: str,
        *,
        until: datetime,
        reason: str,
        by: str,
        host: str | None = None,
        symptom: str | None = None,
        subject: str | None = None,
    ) -> Silence:
        """A new silence from now on."""
        made = Silence(
            id=new_id("sil"),
            fleet=fleet,
            host=host,
            symptom=symptom,
            subject=subject,
            reason=reason,
            by=by,
            at=self._clock.now(),
            until=until,
        )
        tx.execute(insert(silences).values(**made.model_dump()))
        scope = {
            name: getattr(made, name) for name in ("host", "symptom", "subject") if getattr(made, name) is not None
        }
        body = {"silence": made.id, "fleet": fleet, **scope, "until": until.isoformat(), "reason": reason}
        self._journal.append(tx, "silence.made", by, body)
        return made

    def end(self, tx: Tx, silence_id: str, by: str) -> Silence:
        """End it now. Raises NotFound; Conflict if it has ended already."""
        found, now = self._get(tx, silence_id), self._clock.now()
        if found.ended_at is not None or found.until <= now:
            raise Conflict(f"the silence {found.id} has ended already")
        tx.execute(update(silences).where(silences.c.id == found.id).values(ended_at=now, ended_by=by))
        tx.execute(update(suppressed).where(suppressed.c.silence == found.id).values(ends_at=now))
        self._journal.append(tx, "silence.ended", by, {"silence": found.id, "fleet": found.fleet})
        return found.evolve(ended_at=now, ended_by=by)

    def get(self, silence_id: str, *, fleets: Fleets = None) -> Silence:
        """The silence of *fleets* with this id, or whose id ends in it if just one does. Raises NotFound."""
        with self._database.read() as tx:
            return self._get(tx, silence_id, fleets)

    def _get(self, tx: Tx, silence_id: str, fleets: Fleets = None) -> Silence:
        visible = within(select(silences), silences.c.fleet, fleets)
        rows = tx.all(visible.where(silences.c.id == silence_id))
        if not rows and len(silence_id) >= 4:
            rows = tx.all(visible.where(silences.c.id.endswith(silence_id, autoescape=True)).limit(2))
        if len(rows) != 1:
            raise NotFound(f"no silence {silence_id!r}; `fleetmend silences` lists them")
        return _silence(rows[0])

    def newest(self, *, in_force: bool, limit: int = 100, fleets: Fleets = None) -> list[Silence]:
        """Those in force, or all, of *fleets* alone; the newest first."""
        query = (
            within(select(silences), silences.c.fleet, fleets)
            .order_by(silences.c.at.desc(), silences.c.id.desc())
            .limit(limit)
        )
        if in_force:
            query = query.where(silences.c.until > self._clock.now(), silences.c.ended_at.is_(None))
        with self._database.read() as tx:
            return [_silence(row) for row in tx.all(query)]

    def over(self, tx: Tx, fleets: Sequence[str]) -> list[Silence]:
        """The silences in force for *fleets*, the one that lasts longest first."""
        query = select(silences).where(
            silences.c.fleet.in_(fleets), silences.c.until > self._clock.now(), silences.c.ended_at.is_(None)
        )
        return [_silence(row) for row in tx.all(query.order_by(silences.c.until.desc(), silences.c.id))]

    def suppress(self, tx: Tx, incident_id: str, problem: str, aside: Aside) -> None:
        """Note that an incident of the fingerprint *problem* was suppressed, and count it."""
        if aside.until is None:
            return
        row = {"incident_id": incident_id, "fingerprint": problem, "silence": aside.silence}
        tx.execute(insert(suppressed).values(**row, ends_at=aside.until, open=True))
        if aside.silence is not None:
            more = {"suppressed": silences.c.suppressed + 1}
            tx.execute(update(silences).where(silences.c.id == aside.silence).values(**more))

    def ended(self, tx: Tx, now: datetime, limit: int = 500) -> list[tuple[str, Signal]]:
        """(fleet, signal) of what was suppressed until now, and is no more: whoever still sees it reports it again."""
        rows = tx.all(
            select(suppressed.c.incident_id, suppressed.c.fingerprint, incidents)
            .join(incidents, incidents.c.id == suppressed.c.incident_id)
            .where(suppressed.c.open.is_(True), suppressed.c.ends_at <= now)
            .order_by(suppressed.c.ends_at)
            .limit(limit)
        )
        ids = [row["incident_id"] for row in rows]
        if ids:
            tx.execute(update(suppressed).where(suppressed.c.incident_id.in_(ids)).values(open=False))
            tx.execute(mutes.delete().where(mutes.c.incident_id.in_(ids)))
        return [(row["fleet"], Signal(row["host"], row["symptom"], row["subject"])) for row in rows]

    def any_ended(self, now: datetime) -> bool:
        """True if `ended` would find something."""
        found = select(suppressed.c.incident_id).where(suppressed.c.open.is_(True), suppressed.c.ends_at <= now)
        with self._database.read() as tx:
            return tx.one(found.limit(1)) is not None


def aside_of(silence: Silence) -> Aside:
    """What becomes of a detection that *silence* is about."""
    words = f"silenced by {silence.by} until {silence.until:%Y-%m-%d %H:%M} UTC ({silence.id}): {silence.reason}"
    return Aside(State.SUPPRESSED, words, silence.until, silence.id)


def _silence(row: RowMapping) -> Silence:
    return Silence.model_validate({name: row[name] for name in Silence.model_fields})
