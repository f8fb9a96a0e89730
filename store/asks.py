"""Asks and what was foreseen: how a plan waits for people, and what they are shown of it."""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update

from core.approvals import Ask, Foreseen
from store.approval_tables import asks, foreseen
from store.database import Database, Tx


class Asks:
    """Stores one ask for each plan that people were asked about."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, tx: Tx, ask: Ask) -> None:
        """Store *ask*, in place of an earlier one about the same plan."""
        tx.execute(delete(asks).where(asks.c.plan_id == ask.plan_id))
        tx.execute(insert(asks).values(**ask.model_dump()))

    def get(self, plan_id: str) -> Ask | None:
        """The ask about a plan, or None if people were not asked about it."""
        with self._database.read() as tx:
            row = tx.one(select(asks).where(asks.c.plan_id == plan_id))
        return None if row is None else Ask.model_validate(dict(row))

    def change(self, tx: Tx, ask: Ask, **changes: object) -> Ask:
        """Store *ask* with *changes*, and return it so."""
        tx.execute(update(asks).where(asks.c.plan_id == ask.plan_id).values(**changes))
        return ask.evolve(**changes)


class ForeseenChanges:
    """Stores what check mode said of a plan before people were asked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, tx: Tx, incident_id: str, found: Foreseen) -> None:
        """Store what was *found*, in place of what was found earlier for the same plan."""
        tx.execute(delete(foreseen).where(foreseen.c.plan_id == found.plan_id))
        previews = [one.model_dump(mode="json") for one in found.previews]
        values = found.model_dump() | {"incident_id": incident_id, "previews": previews}
        tx.execute(insert(foreseen).values(**values))

    def get(self, plan_id: str) -> Foreseen | None:
        """What was foreseen for a plan, or None if nobody looked."""
        with self._database.read() as tx:
            row = tx.one(select(foreseen).where(foreseen.c.plan_id == plan_id))
        return None if row is None else Foreseen.model_validate({name: row[name] for name in Foreseen.model_fields})
