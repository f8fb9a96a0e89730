"""Alerts of sources: which of them fire, since when, and what a notification changes about that.

A notification is compared with what its source said of the same alert before, so that one which is repeated, late, out
of order or a retry changes nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, bindparam, insert, select, tuple_, update

from core.alerts import FROM_HOOK, AlertState, News, Placed, Ways
from core.detections import Signal
from core.model import Model, Time
from core.samples import SignalState
from store.alert_changes import Heard, change, new_row
from store.database import Database, Tx
from store.scopes import Fleets, within
from store.source_tables import alerts
from store.tables import detections, incidents

_AT_ONCE = 300
_SIGNAL = (alerts.c.host, alerts.c.symptom, alerts.c.subject)
_SIGNALS_AT_ONCE = 200


class KnownAlert(Model):
    """An alert as its source last told of it."""

    source: str
    key: str
    name: str
    state: AlertState
    fleet: str
    host: str
    symptom: str
    subject: str
    unmapped: str | None
    """Why it could not be mapped, in words."""
    starts_at: Time
    ends_at: Time | None
    first_at: Time
    heard_at: Time
    reported_at: Time | None
    count: int
    """How many notifications there were."""
    flapping_until: Time | None

    @property
    def firing(self) -> bool:
        return self.state is AlertState.FIRING

    @property
    def signal(self) -> Signal:
        return Signal(self.host, self.symptom, self.subject)


class Alerts:
    """Hears what sources say, and tells which alerts fire."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hear(self, tx: Tx, source: str, told: Sequence[Placed], ways: Ways, now: datetime) -> list[Heard]:
        """Store what *source* said, in its order; an alert that is told of twice is taken as it is told last."""
        tx.serialise(f"alerts:{source}")
        rows = self._rows(tx, source, [one.told.key for one in told])
        known, touched = set(rows), set()
        heard = []
        for one in told:
            row = rows.get(one.told.key)
            if row is None:
                row = rows[one.told.key] = new_row(source, one, ways, now)
                news = News.FIRES if one.told.firing else News.OVER
                heard.append(Heard(one, news, now))
            else:
                heard.append(change(row, one, ways, now))
            row["count"] += 1
            row["heard_at"] = now
            if heard[-1].news is News.FIRES:
                row["reported_at"] = now
            touched.add(one.told.key)
        fresh = [rows[key] for key in touched if key not in known]
        for begin in range(0, len(fresh), _AT_ONCE):
            tx.execute(insert(alerts), fresh[begin : begin + _AT_ONCE])
        changed = [rows[key] for key in sorted(touched) if key in known]
        if changed:
            tx.execute(_UPDATE, [{f"b_{name}": value for name, value in row.items()} for row in changed])
        return heard

    def _rows(self, tx: Tx, source: str, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        wanted = sorted(set(keys))
        rows: dict[str, dict[str, Any]] = {}
        for begin in range(0, len(wanted), _AT_ONCE):
            same = alerts.c.key.in_(wanted[begin : begin + _AT_ONCE])
            for row in tx.all(select(alerts).where(alerts.c.source == source, same)):
                rows[row["key"]] = dict(row)
        return rows

    def firing(self, tx: Tx, fleet: str) -> frozenset[Signal]:
        """The signals of which an alert fires, or has to be calm first, as *tx* sees them."""
        return frozenset(Signal(**row) for row in tx.all(select(*_SIGNAL).where(alerts.c.fleet == fleet, _fires())))

    def states(self, fleet: str, signals: Iterable[Signal]) -> dict[Signal, SignalState]:
        """What alerts say of those *signals* that nothing but alerts has raised. The others are not in the answer."""
        states: dict[Signal, SignalState] = {}
        with self._database.read() as tx:
            for row in self._alone(tx, fleet, signals):
                signal = Signal(row["host"], row["symptom"], row["subject"])
                fires = row["state"] == AlertState.FIRING.value or row["flapping_until"] is not None
                if fires or signal not in states:
                    states[signal] = SignalState.FIRING if fires else SignalState.CLEAR
        return states

    def lag(self, fleet: str, signals: Iterable[Signal]) -> timedelta:
        """How far behind the sources of *signals* may be that nothing but alerts has raised."""
        with self._database.read() as tx:
            seconds = [row["lag_seconds"] for row in self._alone(tx, fleet, signals)]
        return timedelta(seconds=max(seconds, default=0))

    def _alone(self, tx: Tx, fleet: str, signals: Iterable[Signal]) -> Iterator[RowMapping]:
        wanted = [tuple(signal) for signal in dict.fromkeys(signals)]
        for begin in range(0, len(wanted), _SIGNALS_AT_ONCE):
            some = wanted[begin : begin + _SIGNALS_AT_ONCE]
            rows = tx.all(select(alerts).where(alerts.c.fleet == fleet, tuple_(*_SIGNAL).in_(some)))
            if rows:
                measured = self._measured(tx, fleet, some)
                yield from (row for row in rows if (row["host"], row["symptom"], row["subject"]) not in measured)

    @staticmethod
    def _measured(tx: Tx, fleet: str, signals: Sequence[tuple[str, ...]]) -> set[tuple[str, str, str]]:
        """Those of *signals* that somebody else has raised as well, in an incident that has not ended."""
        columns = (detections.c.host, detections.c.symptom, detections.c.subject)
        query = select(*columns).join(incidents, incidents.c.id == detections.c.incident_id)
        query = query.where(
            detections.c.fleet == fleet,
            tuple_(*columns).in_(signals),
            ~detections.c.source.startswith(FROM_HOOK),
            incidents.c.ended_at.is_(None),
        )
        return {(row["host"], row["symptom"], row["subject"]) for row in tx.all(query.distinct())}

    def firing_on(self, tx: Tx, fleet: str, signal: Signal) -> list[tuple[KnownAlert, dict[str, Any]]]:
        """The alerts of *signal* that fire, each with what was told of it."""
        same = (alerts.c.fleet == fleet) & (tuple_(*_SIGNAL) == tuple_(*signal))
        return [_alert(row) for row in tx.all(select(alerts).where(same, alerts.c.state == AlertState.FIRING.value))]

    def unmapped(self, tx: Tx, heard_before: datetime, limit: int = 200) -> list[tuple[KnownAlert, dict[str, Any]]]:
        """Alerts that fire and could not be mapped, and were not looked at since *heard_before*."""
        query = select(alerts).where(
            alerts.c.unmapped.is_not(None),
            alerts.c.state == AlertState.FIRING.value,
            alerts.c.heard_at < heard_before,
        )
        return [_alert(row) for row in tx.all(query.order_by(alerts.c.heard_at).limit(limit))]

    def any_calmed(self, tx: Tx, now: datetime) -> bool:
        """True if `calmed` would find something."""
        return tx.one(select(alerts.c.key).where(alerts.c.flapping_until <= now).limit(1)) is not None

    def calmed(self, tx: Tx, now: datetime) -> list[KnownAlert]:
        """Alerts that flapped and are calm now: they flap no more."""
        calm = alerts.c.flapping_until <= now
        rows = tx.all(select(alerts).where(calm))
        if rows:
            tx.execute(update(alerts).where(calm).values(flapping_until=None))
        return [_alert(row)[0] for row in rows]

    def newest(
        self, *, source: str | None = None, firing: bool | None = None, limit: int = 100, fleets: Fleets = None
    ) -> list[KnownAlert]:
        """The alerts of *fleets* alone; those that were heard of last come first."""
        query = (
            within(select(alerts), alerts.c.fleet, fleets).order_by(alerts.c.heard_at.desc(), alerts.c.key).limit(limit)
        )
        if source is not None:
            query = query.where(alerts.c.source == source)
        if firing is not None:
            state = AlertState.FIRING if firing else AlertState.RESOLVED
            query = query.where(alerts.c.state == state.value)
        with self._database.read() as tx:
            return [_alert(row)[0] for row in tx.all(query)]


def _fires() -> Any:
    return (alerts.c.state == AlertState.FIRING.value) | alerts.c.flapping_until.is_not(None)


_CHANGING = [column.name for column in alerts.columns if not column.primary_key]
_UPDATE = (
    update(alerts)
    .where(alerts.c.source == bindparam("b_source"), alerts.c.key == bindparam("b_key"))
    .values({name: bindparam(f"b_{name}", type_=alerts.c[name].type) for name in _CHANGING})
)


def _alert(row: RowMapping) -> tuple[KnownAlert, dict[str, Any]]:
    known = KnownAlert.model_validate({name: row[name] for name in KnownAlert.model_fields})
    return known, dict(row["told"])
