"""Conditions: what the monitor remembers between two sweeps."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import and_, delete, insert, select, tuple_, update

from core.detections import Signal
from core.incidents import Incident
from core.samples import Condition, Phase
from core.states import WAITING
from store.database import Database, Tx
from store.incidents import incident_of
from store.tables import conditions, detections, incidents

Key = tuple[str, str, str]
"""host, symptom, subject"""

_KEY = (conditions.c.host, conditions.c.symptom, conditions.c.subject)
_BATCH = 200


class Conditions:
    """Reads and replaces conditions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, fleet: str) -> dict[Key, Condition]:
        """Every condition of the fleet."""
        with self._database.read() as tx:
            rows = tx.all(select(conditions).where(conditions.c.fleet == fleet))
        return {(row["host"], row["symptom"], row["subject"]): Condition.model_validate(dict(row)) for row in rows}

    def unwell(self, fleet: str) -> list[Condition]:
        """What is wrong in the fleet, or about to be (pending), by host."""
        return sorted(
            (condition for condition in self.of(fleet).values() if condition.phase is not Phase.CLEAR),
            key=lambda condition: (condition.host, condition.symptom, condition.subject),
        )

    def firing(self, tx: Tx, fleet: str) -> frozenset[Signal]:
        """The signals that fire in the fleet, as *tx* sees them."""
        fires = (conditions.c.fleet == fleet) & (conditions.c.phase == Phase.FIRING.value)
        return frozenset(Signal(**row) for row in tx.all(select(*_KEY).where(fires)))

    def cleared_since(self, tx: Tx, fleet: str) -> list[Incident]:
        """Waiting incidents of which every signal is stored as clear, and became so after it was last seen."""
        same = [conditions.c[name] == detections.c[name] for name in ("fleet", "host", "symptom", "subject")]
        clear = and_(*same, conditions.c.phase == Phase.CLEAR.value, conditions.c.since >= detections.c.seen_at)
        of_it = detections.c.incident_id == incidents.c.id
        waiting = incidents.c.state.in_([state.value for state in WAITING])
        query = select(incidents).where(
            incidents.c.fleet == fleet,
            incidents.c.ended_at.is_(None),
            waiting,
            select(detections.c.id).where(of_it).exists(),
            ~select(detections.c.id).where(of_it, ~select(conditions.c.host).where(clear).exists()).exists(),
        )
        return [incident_of(row) for row in tx.all(query)]

    def forget(self, tx: Tx, fleet: str, signals: Iterable[Signal]) -> None:
        """Drop what is known of *signals*: the next sweep starts afresh."""
        tx.serialise(f"conditions:{fleet}")
        keys = [(signal.host, signal.symptom, signal.subject) for signal in signals]
        tx.execute(delete(conditions).where(conditions.c.fleet == fleet, tuple_(*_KEY).in_(keys)))

    def report_again(self, tx: Tx, fleet: str, signal: Signal) -> None:
        """If *signal* fires, the next sweep raises a detection for it, however short ago it did so."""
        same = (conditions.c.fleet == fleet) & (tuple_(*_KEY) == tuple_(*signal))
        tx.execute(update(conditions).where(same).values(reported_at=None))

    def put(self, tx: Tx, fleet: str, changed: Iterable[Condition]) -> None:
        """Store *changed*, in place of what was known. Two sweeps of a fleet may measure the same."""
        tx.serialise(f"conditions:{fleet}")
        rows = [condition.model_dump() for condition in changed]
        for begin in range(0, len(rows), _BATCH):
            batch = rows[begin : begin + _BATCH]
            keys = [(row["host"], row["symptom"], row["subject"]) for row in batch]
            tx.execute(delete(conditions).where(conditions.c.fleet == fleet, tuple_(*_KEY).in_(keys)))
            tx.execute(insert(conditions), batch)
