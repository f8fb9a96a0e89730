"""The oracle of approvals: it keeps a book of its own about who said yes to what, and judges each execution by it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from core.people import Act
from core.plans import Step
from core.policies import Mode
from tests.world import House


class Yes(NamedTuple):
    """One line of the book."""

    by: str
    until: datetime


class Oracle:
    """Plan hash -> who said yes to it, and until when that holds. `no`: hashes that somebody rejected."""

    def __init__(self) -> None:
        self.book: dict[str, list[Yes]] = {}
        self.no: set[str] = set()
        self.complaints: list[str] = []
        """The engine takes whatever an executor raises for a fault of ours, so it is written down here as well."""

    def said_yes(self, plan_hash: str, by: str, until: datetime) -> None:
        self.book.setdefault(plan_hash, []).append(Yes(by, until))

    def look(self, house: House, step: Step) -> None:
        """Complain, and raise, unless *step* may be executed just now."""
        try:
            self._judge(house, step)
        except Exception as error:
            self.complaints.append(f"{type(error).__name__}: {error}")
            raise

    def _judge(self, house: House, step: Step) -> None:
        context = house.loop.context
        store, fleet, catalog = context.store, context.fleet("demo"), context.catalog
        [run] = [one for one in store.runs.newest(open_only=True) if one.hosts == step.hosts]
        plan, incident = store.plans.get(run.plan_id), store.incidents.get(run.incident_id)
        assert step == plan.steps[run.step]
        bound = context.binder.bound(context.fleet_source.fresh("demo"), catalog, plan.steps)
        now_hash = plan.evolve(policy_digest=fleet.policy_digest, bound=dict(bound)).hash
        assert plan.hash == now_hash, "something drifted, and it ran all the same"
        assert catalog.remedies[step.remedy].vetted, "its files are not the vetted ones"
        assert plan.hash not in self.no, "somebody said no to it"
        policy, now = fleet.file.policy, house.clock.now()
        agreed = {one.by for one in self.book.get(plan.hash, []) if one.until > now and _may(house, one.by)}
        if not policy.approve.own:
            agreed -= {plan.proposer, incident.request.by if incident.request is not None else ""}
        enough = len(agreed) >= policy.approve.approvers.needed(plan.risk)
        by_policy = fleet.file.mode is Mode.AUTO and plan.risk <= policy.auto.risk
        by_policy &= fleet.file.modes.remedies.get(step.remedy, Mode.AUTO) is Mode.AUTO
        assert enough or by_policy, f"{agreed} are not enough for {plan.title}"


def _may(house: House, by: str) -> bool:
    access = house.loop.context.store.people.access(by.removeprefix("person:"))
    return access is not None and access.may(Act.DECIDE, "demo")
