"""The ledger of the budgets as a state machine: it agrees with a model that recounts plain lists.

The ledger must allow exactly what the model has room for.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from core.clock import ManualClock
from core.fleets import Budget, Fleet
from core.plans import Plan
from core.states import State
from tests.ledger import HOSTS, REMEDIES, begin, end, fleet, planned
from tests.stores import new_store

HOUR = timedelta(hours=1)
BUDGETS = st.fixed_dictionaries(
    {
        "concurrent_runs": st.integers(1, 3),
        "runs_per_hour": st.integers(1, 5),
        "hosts_per_hour": st.none() | st.integers(1, 4),
        "at_once": st.sampled_from([1.0, 0.5, 0.2]),
        "group_at_once": st.just({}) | st.just({"web": 0.34}),
    }
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(REMEDIES)),
        st.sets(st.sampled_from(HOSTS), min_size=1, max_size=3).map(sorted).map(tuple),
    ),
    min_size=1,
    max_size=2,
)


@dataclass
class Begun:
    """What the model remembers of a plan that began."""

    plan: Plan
    fleet: str
    at: datetime
    open: bool = True
    proven: bool = False

    @property
    def changing(self) -> set[str]:
        """Hosts of the steps that do more than read."""
        return {host for step in self.plan.steps if not REMEDIES[step.remedy].read_only for host in step.hosts}


class Ledger(RuleBasedStateMachine):
    """Two fleets with the same host names, and budgets of their own."""

    running, verifying = Bundle("running"), Bundle("verifying")

    def __init__(self) -> None:
        super().__init__()
        self.house = ExitStack()
        self.clock = ManualClock()
        self.store = self.house.enter_context(new_store(self.clock))
        self.fleets: dict[str, Fleet] = {}
        self.begun: list[Begun] = []

    def teardown(self) -> None:
        assert self.store.proof().violation is None
        self.house.close()

    @initialize(first=BUDGETS, second=BUDGETS)
    def set_budgets(self, first: dict[str, object], second: dict[str, object]) -> None:
        self.fleets = {"demo": fleet("demo", **first), "other": fleet("other", **second)}

    @rule(target=running, name=st.sampled_from(["demo", "other"]), steps=STEPS)
    def begins(self, name: str, steps: list[tuple[str, tuple[str, ...]]]) -> object:
        where = self.fleets[name]
        plan = planned(self.store, self.clock, *steps, fleet=name)
        found = begin(self.store, self.clock, plan, where)
        assert (found.obstacle is None) == self.has_room(plan, where), found.obstacle
        if found.obstacle is not None:
            return multiple()
        self.begun.append(Begun(plan, name, self.clock.now()))
        return self.begun[-1]

    @rule(target=verifying, one=consumes(running))
    def ends(self, one: Begun) -> Begun:
        end(self.store, one.plan)
        one.open = False
        return one

    @rule(one=consumes(verifying))
    def is_proven(self, one: Begun) -> None:
        with self.store.write() as tx:
            incident = self.store.incidents.get(one.plan.incident_id)
            self.store.incidents.move(tx, incident, State.RESOLVED, "healed")
        one.proven = True

    @rule(by=st.sampled_from([timedelta(seconds=1), timedelta(minutes=25), HOUR]))
    def time_passes(self, by: timedelta) -> None:
        self.clock.advance(by)

    def has_room(self, plan: Plan, where: Fleet) -> bool:
        """The model's answer: would every limit still hold with *plan* begun as well?"""
        candidate = Begun(plan, where.name, self.clock.now())
        reads = not candidate.changing
        held = {
            host
            for one in self.begun
            if one.open and one.fleet == where.name
            for host in one.plan.steps[0].hosts
            if not (reads and REMEDIES[one.plan.steps[0].remedy].read_only)
        }
        return not held & set(plan.hosts) and self.within([*self.begun, candidate], where, share=not reads)

    def within(self, begun: list[Begun], where: Fleet, *, share: bool) -> bool:
        budget: Budget = where.file.budget
        own = [one for one in begun if one.fleet == where.name]
        recent = [one for one in own if one.at > self.clock.now() - HOUR]
        hosts = {host for one in recent for host in one.plan.hosts}
        # A read-only step's host counts as touched if its own plan changes something: the whole plan is one touch.
        touched = {host for one in own if not one.proven for host in one.changing} | (
            set(begun[-1].plan.hosts) if share else set()
        )
        web = {host.name for host in where.hosts if "web" in host.groups}
        return (
            sum(one.open for one in own) <= budget.concurrent_runs
            and sum(len(one.plan.steps) for one in recent) <= budget.runs_per_hour
            and (budget.hosts_per_hour is None or len(hosts) <= budget.hosts_per_hour)
            and (
                not share
                or (
                    len(touched) <= max(1, int(budget.at_once * len(HOSTS) + 1e-9))
                    and (
                        not set(begun[-1].plan.hosts) & web
                        or len(touched & web) <= max(1, int(budget.group_at_once.get("web", 1) * len(web) + 1e-9))
                    )
                )
            )
        )

    @invariant()
    def nothing_is_exceeded(self) -> None:
        for where in self.fleets.values():
            assert self.within(self.begun, where, share=False)


TestLedger = Ledger.TestCase
TestLedger.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
