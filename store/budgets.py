"""The ledger of the budgets: places are taken in the transaction that begins a run, so never one too many.

Everything counts, whatever proposed or approved it. A plan takes the places of all its steps at once, and what it took
counts even if a step is never reached.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select, union

from core.clock import Clock
from core.durations import format_duration
from core.fleets import Budget, Fleet
from core.plans import Plan
from core.remedies import Remedy
from core.severity import Severity
from core.states import State
from store.database import Database, Tx
from store.tables import incident_hosts, incidents, plans, run_hosts, runs
from store.work_tables import reservations

_HOUR = timedelta(hours=1)
_KEPT = timedelta(days=1)
"""Longer than any window that is counted, and than a verification takes."""


class Room(NamedTuple):
    """What came of `reserve`: the places are taken unless there is an `obstacle`.

    `cooling` names, in words, each remedy of the plan that ran on one of its hosts within its cooldown. Whether that
    stands in the way is the caller's to say: it does unless a person decided.
    """

    obstacle: str | None
    cooling: tuple[str, ...]


class Budgets:
    """Takes places in the budgets of a fleet."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def reserve(
        self, tx: Tx, plan: Plan, fleet: Fleet, remedies: Mapping[str, Remedy], *, only: int | None = None
    ) -> Room:
        """Take *plan*'s places in the budgets of *fleet*, if all have room; with *only*, those of this one step.

        Called in the transaction that begins the run: it is the only one at work on this fleet's budgets. Rolled back
        with it. *remedies* holds at least those of the plan.
        """
        tx.serialise(f"budget:{fleet.name}")
        if only is not None:
            plan = plan.evolve(steps=plan.steps[only : only + 1])
        cooling = tuple(self._cooling(tx, plan, fleet, remedies))
        read_only = all(remedies[step.remedy].read_only for step in plan.steps)
        obstacle = (
            self._busy(tx, plan, fleet, read_only)
            or self._too_many(tx, plan, fleet.name, fleet.file.budget)
            or (None if read_only else self._too_large_a_share(tx, plan, fleet))
        )
        if obstacle is None:
            self._insert(tx, plan, fleet.name, remedies, first=only or 0)
        return Room(obstacle, cooling)

    def hosts_last_hour(self, fleet: str) -> frozenset[str]:
        """Hosts of the fleet that a place was taken for within the last hour."""
        with self._database.read() as tx:
            return frozenset(self._hosts_last_hour(tx, fleet))

    def last_starts(self, fleet: str, hosts: Sequence[str]) -> dict[str, datetime]:
        """`<remedy>@<host>` -> when that remedy last began there."""
        with self._database.read() as tx:
            return {f"{remedy}@{host}": at for (remedy, host), at in self._last_starts(tx, fleet, hosts).items()}

    def _last_starts(self, tx: Tx, fleet: str, hosts: Sequence[str]) -> dict[tuple[str, str], datetime]:
        query = (
            select(run_hosts.c.remedy, run_hosts.c.host, func.max(run_hosts.c.started_at).label("at"))
            .where(run_hosts.c.fleet == fleet, run_hosts.c.host.in_(hosts))
            .group_by(run_hosts.c.remedy, run_hosts.c.host)
        )
        return {(row["remedy"], row["host"]): row["at"] for row in tx.all(query)}

    def _cooling(self, tx: Tx, plan: Plan, fleet: Fleet, remedies: Mapping[str, Remedy]) -> Iterator[str]:
        last, now = self._last_starts(tx, fleet.name, plan.hosts), self._clock.now()
        for step in plan.steps:
            own = fleet.file.cooldown
            cooldown = remedies[step.remedy].cooldown if own is None else own
            for host in step.hosts:
                began = last.get((step.remedy, host))
                if began is not None and now - began < cooldown:
                    ago = timedelta(seconds=max(0, int((now - began).total_seconds())))
                    words = f"{step.remedy} ran on {host} {format_duration(ago)} ago"
                    yield f"{words}; its cooldown is {format_duration(cooldown)}"

    def _busy(self, tx: Tx, plan: Plan, fleet: Fleet, read_only: bool) -> str | None:
        """A run that has not ended holds its hosts, even after its worker died and its leases ran out (law 5)."""
        query = (
            select(run_hosts.c.host)
            .join(runs, runs.c.id == run_hosts.c.run_id)
            .where(runs.c.fleet == fleet.name, runs.c.ended_at.is_(None), run_hosts.c.host.in_(plan.hosts))
        )
        row = tx.one(query.where(runs.c.read_only.is_(False)) if read_only else query)
        return None if row is None else f"another run is under way on {row['host']}"

    def _too_many(self, tx: Tx, plan: Plan, fleet: str, budget: Budget) -> str | None:
        running = select(func.count()).where(runs.c.fleet == fleet, runs.c.ended_at.is_(None))
        at_once = tx.execute(running).scalar_one()
        if at_once >= budget.concurrent_runs:
            return f"{at_once} of {budget.concurrent_runs} concurrent runs are under way"
        recent = (reservations.c.fleet == fleet) & (reservations.c.at > self._clock.now() - _HOUR)
        taken = select(reservations.c.plan_id, reservations.c.step).where(recent).distinct().subquery()
        if tx.execute(select(func.count()).select_from(taken)).scalar_one() + len(plan.steps) > budget.runs_per_hour:
            return f"the budget of {budget.runs_per_hour} runs an hour is used up"
        if budget.hosts_per_hour is not None:
            touched = self._hosts_last_hour(tx, fleet) | set(plan.hosts)
            if len(touched) > budget.hosts_per_hour:
                return f"the budget of {budget.hosts_per_hour} hosts an hour is used up"
        return None

    def _too_large_a_share(self, tx: Tx, plan: Plan, fleet: Fleet) -> str | None:
        """Mending what is down makes nothing worse: what else is down counts only for sound hosts."""
        budget = fleet.file.budget
        limits = [(f"the fleet {fleet.name}", fleet.host_names, budget.at_once)]
        limits += [(f"the group {group}", fleet.select((group,)), at) for group, at in budget.group_at_once.items()]
        if all(share >= 1 for _, _, share in limits):
            return None
        down, wanted = self._down(tx, fleet.name), set(plan.hosts)
        taken = self._under_treatment(tx, fleet.name, but=plan.id) | wanted
        if not wanted <= down:
            taken |= down
        for name, members, share in limits:
            most = max(1, math.floor(share * len(members) + 1e-9))
            if wanted & set(members) and len(taken & set(members)) > most:
                return f"more than {most} of the {len(members)} hosts of {name} would be down or touched at once"
        return None

    def _under_treatment(self, tx: Tx, fleet: str, *, but: str) -> set[str]:
        """Hosts that a run changes now, or whose healing is not proven yet."""
        query = (
            select(reservations.c.host)
            .join(plans, plans.c.id == reservations.c.plan_id)
            .join(incidents, incidents.c.id == plans.c.incident_id)
            .where(
                reservations.c.fleet == fleet,
                reservations.c.at > self._clock.now() - _KEPT,
                reservations.c.read_only.is_(False),
                reservations.c.plan_id != but,
                incidents.c.plan_id == reservations.c.plan_id,
                incidents.c.state.in_([State.RUNNING.value, State.VERIFYING.value]),
            )
        )
        return {str(row["host"]) for row in tx.all(query.distinct())}

    def _down(self, tx: Tx, fleet: str) -> set[str]:
        """Hosts with a critical problem that somebody saw."""
        live = (incidents.c.fleet == fleet) & incidents.c.ended_at.is_(None) & incidents.c.request.is_(None)
        live &= incidents.c.severity == Severity.CRITICAL.value
        stormy = select(incident_hosts.c.host).join(incidents, incidents.c.id == incident_hosts.c.incident_id)
        return {str(row["host"]) for row in tx.all(union(select(incidents.c.host).where(live), stormy.where(live)))}

    def _hosts_last_hour(self, tx: Tx, fleet: str) -> set[str]:
        recent = (reservations.c.fleet == fleet) & (reservations.c.at > self._clock.now() - _HOUR)
        return {str(row["host"]) for row in tx.all(select(reservations.c.host).where(recent).distinct())}

    def _insert(self, tx: Tx, plan: Plan, fleet: str, remedies: Mapping[str, Remedy], *, first: int) -> None:
        now = self._clock.now()
        old = (reservations.c.fleet == fleet) & (reservations.c.at < now - _KEPT)
        tx.execute(delete(reservations).where(old))
        rows = [
            {"plan_id": plan.id, "step": number, "host": host, "fleet": fleet, "at": now}
            | {"read_only": remedies[step.remedy].read_only}
            for number, step in enumerate(plan.steps, start=first)
            for host in step.hosts
        ]
        tx.execute(insert(reservations), rows)
