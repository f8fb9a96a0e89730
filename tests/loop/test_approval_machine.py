"""The law of approvals, played at random: no run starts whose exact hash was not approved by enough people who may.

Whoever decides, drifts, dies and turns the clock does so in any order. The oracle keeps a book of its own about who
said yes to what, and looks at each execution as it happens.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from core.clock import ManualClock
from core.errors import FleetmendError
from core.fleets import Host
from core.incidents import Incident
from core.people import Grant, Role
from core.plans import Step
from core.states import State
from tests.loop.approval_oracle import Oracle
from tests.world import HOSTS, House, World, open_house

EXPIRES = timedelta(minutes=30)
FILES = {
    "one": {"mode": "approve"},
    "two": {"mode": "approve", "policy": {"approve": {"approvers": 2}}},
    "own": {"mode": "approve", "policy": {"approve": {"own": True, "approvers": {"medium": 2}}}},
    "auto": {"mode": "auto", "policy": {"auto": {"risk": "low", "confidence": 0.0}}, "cooldown": "0s"},
    "careful": {
        "mode": "auto",
        "policy": {"auto": {"risk": "medium", "confidence": 0.0}},
        "modes": {"remedies": {"repair": "approve"}},
    },
    "suggest": {"mode": "suggest"},
}
PEOPLE = ("ada", "bob", "cyd")
JUMPS = (
    timedelta(seconds=40),
    timedelta(minutes=11),
    timedelta(minutes=29),
    timedelta(hours=2),
    timedelta(minutes=-20),
)

EDIT = "# edited\n"
BETWEEN = ("time", "gone", "viewer", "host", "diff", "files", "process", "one", "two")

some, names = st.integers(min_value=0, max_value=9), st.sampled_from(PEOPLE)
_template: list[Path] = []


class Approving(RuleBasedStateMachine):
    """People who come and go, plans that drift, workers that die, and a clock that jumps."""

    hashes = Bundle("hashes")
    seen = 0
    """Executions in all lives together."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory())) / "house"
        shutil.copytree(_template[0], self.folder)
        self.clock, self.hosts = ManualClock(), list(HOSTS)
        self.world = World(cures={"restart": {"service_down"}}, while_running=self.look)
        self.house: House = self.open()
        self.file, self.oracle = "one", Oracle()
        self.ran = 0
        self.drifted: set[str] = set()

    def open(self) -> House:
        self.inner = ExitStack()
        return self.inner.enter_context(
            open_house(self.folder, clock=self.clock, world=self.world, hosts=self.hosts, cards={"bind_diff": True})
        )

    def teardown(self) -> None:
        self.inner.close()
        self.stack.close()

    def look(self, step: Step) -> None:
        """Called in the middle of every execution."""
        self.ran += 1
        Approving.seen += 1
        self.oracle.look(self.house, step)

    @invariant()
    def the_oracle_is_content(self) -> None:
        assert self.oracle.complaints == []

    def pick(self, number: int) -> Incident | None:
        found = self.house.loop.context.store.incidents.newest(live=True)
        return found[number % len(found)] if found else None

    @initialize()
    def hire(self) -> None:
        for name in PEOPLE:
            self.house.loop.context.store.people.add(name, "person:root", [Grant(role=Role.APPROVER, fleet="demo")])
        self.house.rewrite_fleet(**FILES["one"])

    @rule(host=st.sampled_from([host.name for host in HOSTS]), outside=st.booleans())
    def breaks(self, host: str, outside: bool) -> None:
        self.house.report(host=host, source="api:monitor" if outside else "sweep")
        self.workers()

    @rule(name=names, remedy=st.sampled_from(("restart", "repair")))
    def asks(self, name: str, remedy: str) -> None:
        access = self.house.loop.context.store.people.access(name)
        if access is not None:
            with suppress(FleetmendError):
                self.house.loop.desk.ask("demo", access, remedy=remedy, hosts=("h1",), parameters={"service": "web"})
        self.workers()

    @rule(target=hashes, number=some)
    def looks(self, number: int) -> str:
        """Somebody sees a plan on a screen, and may click much later."""
        incident = self.pick(number)
        if incident is None or incident.plan_id is None:
            return "0" * 64
        return self.house.loop.context.store.plans.get(incident.plan_id).hash

    @rule(
        number=some,
        by=st.lists(names, min_size=1, max_size=3),
        between=st.lists(st.sampled_from(BETWEEN), max_size=2),
        after=st.booleans(),
    )
    def approve(self, number: int, by: list[str], between: list[str], after: bool) -> None:
        """People say yes, something happens, and only then (*after*) a worker hears of it, or much later."""
        for name in by:
            self.say_yes(number, name, None)
        for what in between:
            if what == "time":
                self.clock.advance(EXPIRES)
            elif what in ("gone", "viewer"):
                self.is_another(by[0], what)
            elif what in FILES:
                self.policy_changes(what)
            else:
                self.drifts(what)
        if after:
            self.workers()

    @rule(number=some, name=names, seen=hashes)
    def approves_what_was_seen(self, number: int, name: str, seen: str) -> None:
        self.say_yes(number, name, seen)

    def say_yes(self, number: int, name: str, seen: str | None) -> None:
        incident, access = self.pick(number), self.house.loop.context.store.people.access(name, "session")
        if incident is None or access is None:
            return
        with suppress(FleetmendError):
            given = self.house.loop.decisions.approve(incident.id, access, plan_hash=seen)
            self.oracle.said_yes(given.plan_hash, access.by, self.clock.now() + EXPIRES)

    @rule(number=some, name=names)
    def rejects(self, number: int, name: str) -> None:
        incident, access = self.pick(number), self.house.loop.context.store.people.access(name, "session")
        if incident is None or access is None or incident.plan_id is None:
            return
        plan = self.house.loop.context.store.plans.get(incident.plan_id)
        with suppress(FleetmendError):
            self.house.loop.decisions.reject(incident.id, access, "no")
            self.oracle.no.add(plan.hash)

    @rule(number=some, name=names, service=st.sampled_from(("web", "db")))
    def changes(self, number: int, name: str, service: str) -> None:
        incident, access = self.pick(number), self.house.loop.context.store.people.access(name, "session")
        if incident is not None and access is not None:
            with suppress(FleetmendError):
                self.house.loop.decisions.change(incident.id, access, parameters={"service": service})

    @rule(number=some, name=names)
    def snoozes(self, number: int, name: str) -> None:
        incident, access = self.pick(number), self.house.loop.context.store.people.access(name, "session")
        if incident is not None and access is not None:
            with suppress(FleetmendError):
                self.house.loop.decisions.snooze(incident.id, access, timedelta(hours=1))

    @rule(name=names, standing=st.sampled_from(("approver", "approver", "viewer", "gone", "back")))
    def is_another(self, name: str, standing: str) -> None:
        """Somebody leaves, comes back, or gets another role."""
        people = self.house.loop.context.store.people
        if standing in ("gone", "back"):
            people.switch(name, "person:root", enabled=standing == "back")
        else:
            people.switch(name, "person:root", enabled=True)
            people.grant(name, Grant(role=Role(standing), fleet="demo"), "person:root")

    @rule(name=st.sampled_from((*FILES, "one", "one", "two")))
    def policy_changes(self, name: str) -> None:
        self.file = name
        self.house.rewrite_fleet(**FILES[name])

    @rule(what=st.sampled_from(("host", "diff", "files", "process")))
    def drifts(self, what: str) -> None:
        """Something changes under way; the next time, it changes back."""
        there = what in self.drifted
        self.drifted ^= {what}
        if what == "host":
            address = "10.0.0.1" if there else "10.0.0.2"
            self.hosts[0] = Host(name="h1", groups=("all",), variables=HOSTS[0].variables | {"ansible_host": address})
            self.house.loop.context.fleet_source._shelves.clear()
        elif what == "diff":
            self.world.diffs["h1"] = "" if there else "+ a line\n"
        elif what == "files":
            tasks = self.house.content / "roles" / "restart" / "tasks" / "main.yml"
            tasks.write_text(tasks.read_text().removesuffix(EDIT) if there else tasks.read_text() + EDIT)
        else:
            self.inner.close()
            self.house = self.open()

    @rule(by=st.sampled_from(JUMPS))
    def time_passes(self, by: timedelta) -> None:
        self.clock.advance(by)

    @rule()
    def workers(self) -> None:
        for incident in self.house.loop.context.store.incidents.newest(live=True):
            self.house.loop.engine.advance(incident.id)


@pytest.fixture(autouse=True)
def template(tmp_path: Path) -> None:
    """Content and tables, made once and copied for each life."""
    with open_house(tmp_path / "template", cards={"bind_diff": True}):
        pass
    _template[:] = [tmp_path / "template"]


def test_no_run_starts_that_was_not_approved() -> None:
    Approving.seen = 0
    run_state_machine_as_test(
        Approving,
        settings=settings(
            max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert Approving.seen > 0


def test_the_oracle_sees_runs(tmp_path: Path) -> None:
    """The machine above is worth something only if runs do happen under its eyes."""
    life = Approving()
    try:
        life.hire()
        life.breaks("h1", True)
        life.workers()
        for name in ("ada", "bob"):
            life.say_yes(0, name, None)
        life.workers()
        assert life.ran == 1
        assert life.house.loop.context.store.incidents.newest()[0].state in (State.VERIFYING, State.RESOLVED)
    finally:
        life.teardown()


def test_the_oracle_finds_a_run_that_nobody_approved() -> None:
    life = Approving()
    try:
        life.hire()
        life.breaks("h1", True)
        life.workers()
        life.say_yes(0, "ada", None)
        life.oracle.book.clear()
        life.house.loop.engine.advance(life.house.loop.context.store.incidents.newest()[0].id)
        [complaint] = life.oracle.complaints
        assert "are not enough for restart service=web on h1" in complaint
    finally:
        life.teardown()
