"""Plans and the approvals that bind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, insert, select, update

from core.approvals import Answer, Approval
from core.clock import Clock
from core.errors import Conflict, NotFound
from core.ids import new_id
from core.incidents import Incident
from core.people import OWNER
from core.plans import Plan, Proposal
from store.database import Database, Tx
from store.journal import Journal
from store.scopes import Fleets, of_incidents_within
from store.tables import approvals, plans


class Plans:
    """Stores proposals as numbered plans. A plan never changes: a change is a new plan with a new hash."""

    def __init__(self, database: Database, clock: Clock, journal: Journal) -> None:
        self._database, self._clock, self._journal = database, clock, journal

    def add(
        self, tx: Tx, incident: Incident, proposal: Proposal, *, policy_digest: str, bound: Mapping[str, str]
    ) -> Plan:
        """Store *proposal* as the incident's next plan, with what it is *bound* to (see `Plan.bound`)."""
        used = tx.execute(select(func.count()).where(plans.c.incident_id == incident.id)).scalar_one()
        plan = Plan(
            **{name: getattr(proposal, name) for name in Proposal.model_fields},
            id=new_id("pln"),
            incident_id=incident.id,
            number=used + 1,
            policy_digest=policy_digest,
            bound=dict(bound),
            created_at=self._clock.now(),
        )
        values = plan.model_dump(mode="json") | {"hash": plan.hash, "created_at": plan.created_at}
        tx.execute(insert(plans).values(**values))
        body = {"plan": plan.id, "hash": plan.hash, "title": plan.title, "reasons": list(plan.reasons)}
        self._journal.append(tx, "plan.made", plan.proposer, body, incident.id)
        return plan

    def get(self, plan_id: str, *, fleets: Fleets = None) -> Plan:
        """The plan with this id, of an incident in *fleets*. Raises NotFound."""
        visible = of_incidents_within(select(plans), plans.c.incident_id, fleets)
        with self._database.read() as tx:
            row = tx.one(visible.where(plans.c.id == plan_id))
        if row is None:
            raise NotFound(f"no plan {plan_id!r}; `fleetmend incident <id>` shows an incident's plans")
        return _plan_of(dict(row))

    def of(self, incident_id: str) -> list[Plan]:
        """The incident's plans, first one first."""
        query = select(plans).where(plans.c.incident_id == incident_id).order_by(plans.c.number)
        with self._database.read() as tx:
            return [_plan_of(dict(row)) for row in tx.all(query)]


def _plan_of(row: dict[str, object]) -> Plan:
    return Plan.model_validate({name: row[name] for name in Plan.model_fields})


class Approvals:
    """Stores decisions. Each person counts once for a plan."""

    def __init__(self, database: Database, clock: Clock, journal: Journal) -> None:
        self._database, self._clock, self._journal = database, clock, journal

    def add(
        self,
        tx: Tx,
        plan: Plan,
        answer: Answer,
        *,
        by: str,
        reasons: Sequence[str],
        expires_at: datetime,
        via: str = OWNER,
    ) -> Approval:
        """Store a decision about *plan* as it is now. Raises Conflict if one of *by*'s on it holds already."""
        tx.serialise(f"decide:{plan.id}")
        mine = (approvals.c.plan_id == plan.id) & (approvals.c.by == by) & (approvals.c.plan_hash == plan.hash)
        mine &= approvals.c.expires_at > self._clock.now()
        if tx.one(select(approvals).where(mine)) is not None and by != "policy":
            raise Conflict(f"{by} already decided on {plan.id}")
        approval = Approval(
            id=new_id("apr"),
            incident_id=plan.incident_id,
            plan_id=plan.id,
            plan_hash=plan.hash,
            answer=answer,
            by=by,
            via=via,
            reasons=tuple(reasons),
            at=self._clock.now(),
            expires_at=expires_at,
        )
        tx.execute(insert(approvals).values(**approval.model_dump() | {"reasons": list(reasons)}))
        body = {"plan": plan.id, "hash": plan.hash, "answer": answer, "via": via, "reasons": list(reasons)}
        self._journal.append(tx, "approval.given", by, body, plan.incident_id)
        return approval

    def void(self, tx: Tx, approval: Approval, why: str) -> None:
        """End *approval* now: what was approved can't start on its account any more."""
        own = approvals.c.id == approval.id
        tx.execute(update(approvals).where(own).values(expires_at=min(approval.expires_at, self._clock.now())))
        body = {"approval": approval.id, "by": approval.by, "reason": why}
        self._journal.append(tx, "approval.void", "policy", body, approval.incident_id)

    def of(self, plan_id: str) -> list[Approval]:
        """The decisions about a plan, oldest first."""
        query = select(approvals).where(approvals.c.plan_id == plan_id).order_by(approvals.c.at)
        with self._database.read() as tx:
            return [Approval.model_validate(dict(row)) for row in tx.all(query)]
