"""Rulings on record: each one with the whole case that it rests on, so that it can be judged again."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import insert, select

from core.approvals import Decision
from core.cases import Case, Ruled
from core.ids import new_id
from store.approval_tables import rulings
from store.database import Database, Tx

_PAGE = 200


class Rulings:
    """Stores what the policy ruled, and why."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tx: Tx, case: Case, decision: Decision) -> Ruled:
        """Put *decision* on record."""
        ruled = Ruled(id=new_id("rul"), at=case.at, decision=decision, case=case)
        values = {
            "id": ruled.id,
            "incident_id": case.incident_id,
            "plan_id": case.plan_id,
            "at": case.at,
            "ruling": decision.ruling.value,
            "rules": list(decision.rules),
            "case": case.model_dump(mode="json"),
            "policy_digest": case.policy_digest,
            "catalog_digest": case.catalog_digest,
        }
        tx.execute(insert(rulings).values(**values))
        return ruled

    def of(self, *, incident_id: str | None = None, plan_id: str | None = None) -> list[Ruled]:
        """The rulings on an incident or a plan, oldest first."""
        query = select(rulings).order_by(rulings.c.at, rulings.c.id)
        if incident_id is not None:
            query = query.where(rulings.c.incident_id == incident_id)
        if plan_id is not None:
            query = query.where(rulings.c.plan_id == plan_id)
        with self._database.read() as tx:
            return [_ruled(dict(row)) for row in tx.all(query)]

    def all(self) -> Iterator[Ruled]:
        """Every ruling, by id, a page at a time."""
        after = ""
        while True:
            query = select(rulings).where(rulings.c.id > after).order_by(rulings.c.id).limit(_PAGE)
            with self._database.read() as tx:
                found = [_ruled(dict(row)) for row in tx.all(query)]
            if not found:
                return
            yield from found
            after = found[-1].id


def _ruled(row: dict[str, object]) -> Ruled:
    decision = {"ruling": row["ruling"], "rules": row["rules"]}
    return Ruled.model_validate({"id": row["id"], "at": row["at"], "decision": decision, "case": row["case"]})
