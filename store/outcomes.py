"""Outcomes and verifications: what came of plans, and what is being looked at."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from core.outcomes import Outcome, Verification
from store.database import Database, Tx
from store.journal import Journal
from store.scopes import Fleets, within
from store.tables import outcomes, verifications

_FEW = 20
"""More than can have one and the same time."""


class Outcomes:
    """Stores closed records, and hands them out for lessons."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database, self._journal = database, journal

    def add(self, tx: Tx, outcome: Outcome) -> None:
        """Store *outcome*; a plan has one."""
        tx.execute(insert(outcomes).values(**outcome.model_dump()))
        body = {"outcome": outcome.id, "remedy": outcome.remedy, "verdict": outcome.verdict, "reason": outcome.reason}
        self._journal.append(tx, "outcome.recorded", "verifier", body, outcome.incident_id)

    def newest(
        self,
        *,
        symptom: str | None = None,
        incident_id: str | None = None,
        limit: int = 1000,
        fleets: Fleets = None,
    ) -> list[Outcome]:
        """The newest outcomes first, of *fleets* alone."""
        query = within(select(outcomes), outcomes.c.fleet, fleets).order_by(outcomes.c.at.desc()).limit(limit)
        if symptom is not None:
            query = query.where(outcomes.c.symptom == symptom)
        if incident_id is not None:
            query = query.where(outcomes.c.incident_id == incident_id)
        with self._database.read() as tx:
            return [Outcome.model_validate(dict(row)) for row in tx.all(query)]

    def latest_ids(self, symptom: str) -> tuple[str, ...]:
        """The latest few outcomes of *symptom*: as long as they are the same, so is what all of them add up to."""
        query = select(outcomes.c.id).where(outcomes.c.symptom == symptom)
        query = query.order_by(outcomes.c.at.desc(), outcomes.c.id.desc()).limit(_FEW)
        with self._database.read() as tx:
            return tuple(str(row["id"]) for row in tx.all(query))


class Verifications:
    """The verifier's memory, one row a plan."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, plan_id: str) -> Verification | None:
        """What is known of the verification of a plan, or None before its first look."""
        with self._database.read() as tx:
            row = tx.one(select(verifications).where(verifications.c.plan_id == plan_id))
        return None if row is None else Verification.model_validate(dict(row))

    def put(self, tx: Tx, verification: Verification) -> None:
        """Store *verification* in place of what was known."""
        tx.execute(delete(verifications).where(verifications.c.plan_id == verification.plan_id))
        tx.execute(insert(verifications).values(**verification.model_dump()))
