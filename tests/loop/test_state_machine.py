"""The life of incidents, played at random through the real loop and store: whatever is tried, the laws hold."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from core.clock import ManualClock
from core.detections import Signal
from core.errors import Conflict, LeaseLost, NotFound, Refused
from core.incidents import Incident
from core.people import Access
from core.samples import Sample
from core.states import State, may_follow
from loop.schedules import due_time
from tests.people import ADA, BOB, owner
from tests.world import World, open_house

HOSTS, SERVICES, SYMPTOMS = ("h1", "h2"), ("web", "db"), ("service_down", "http_unhealthy")
EVERY = timedelta(seconds=30)
JUMPS = (timedelta(seconds=1), timedelta(seconds=40), timedelta(minutes=10), timedelta(hours=1), timedelta(days=2))
SWEEPS = [{"every": "30s", "probes": ["services"]}]
FILES = {
    "auto": {
        "mode": "auto",
        "policy": {"auto": {"risk": "medium", "confidence": 0.0, "own_word": "medium"}},
        "cooldown": "0s",
    },
    "approve": {"mode": "approve", "policy": {"approve": {"expires": "30m"}}},
    "two": {"mode": "approve", "policy": {"approve": {"expires": "30m", "approvers": 2}}},
    "suggest": {"mode": "suggest"},
    "observe": {"mode": "observe"},
}
PEOPLE = (BOB, owner("cyd"), ADA)
"""ADA asks, and can't approve that."""
NOT_NOW = (Conflict, Refused, NotFound)
"""What people and workers hear when the state table, or somebody who was faster, says no."""

hosts, services, symptoms = st.sampled_from(HOSTS), st.sampled_from(SERVICES), st.sampled_from(SYMPTOMS)
some = st.integers(min_value=0, max_value=99)
_template: list[Path] = []


class Life(RuleBasedStateMachine):
    """Detections, sweeps, workers, people and time, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory())) / "house"
        shutil.copytree(_template[0], folder)
        self.clock, self.world = ManualClock(), World(cures={"restart": {"service_down"}})
        self.house = self.stack.enter_context(open_house(folder, clock=self.clock, world=self.world))
        self.house.rewrite_fleet(**FILES["auto"], sweeps=SWEEPS)
        object.__setattr__(self.house.loop.context, "sweeper", self)
        self.store, self.desk = self.house.loop.context.store, self.house.loop.desk
        self.ended: dict[str, Incident] = {}
        self.answered: set[str] = set()

    def teardown(self) -> None:
        self.stack.close()

    def measure(self, *_asked: object) -> tuple[Sample, ...]:
        """What a sweep sees."""
        at = self.clock.now()
        return tuple(
            Sample(host=host, name="service.up", subject=service, value=float(up), at=at, service=service)
            for host in HOSTS
            for service in SERVICES
            for up in [Signal(host, "service_down", service) not in self.world.broken]
        )

    def pick(self, number: int, *, live: bool | None = None) -> Incident | None:
        found = self.store.incidents.newest(live=live)
        return self.house.incident(found[number % len(found)].id) if found else None

    @rule(host=hosts, service=services, symptom=symptoms)
    def report(self, host: str, service: str, symptom: str) -> None:
        incident = self.house.report(host=host, subject=service, service=service, symptom=symptom)
        self.answered.add(self.store.detections.of(incident.id)[-1].id)

    @rule()
    def sweep(self) -> None:
        self.clock.advance(EVERY)
        self.house.loop.sweeps.tick("demo", 0, due_time(self.clock.now(), EVERY))

    @rule(host=hosts, service=services)
    def breaks(self, host: str, service: str) -> None:
        self.world.broken.add(Signal(host, "service_down", service))

    @rule()
    def mended(self) -> None:
        self.world.broken.clear()

    @rule(number=some)
    def worker(self, number: int) -> None:
        incident = self.pick(number)
        if incident is not None:
            self.house.loop.engine.advance(incident.id)

    @rule()
    def workers(self) -> None:
        for incident_id in self.store.incidents.due(self.clock.now()):
            self.house.loop.engine.advance(incident_id)

    @rule(number=some, by=st.sampled_from(PEOPLE))
    def approve(self, number: int, by: Access) -> None:
        incident = self.pick(number)
        if incident is not None:
            with suppress(*NOT_NOW):
                self.house.loop.decisions.approve(incident.id, by)

    @rule(number=some)
    def reject(self, number: int) -> None:
        incident = self.pick(number)
        if incident is not None:
            with suppress(*NOT_NOW):
                self.house.loop.decisions.reject(incident.id, ADA, "no")

    @rule(number=some)
    def close(self, number: int) -> None:
        incident = self.pick(number)
        if incident is not None:
            with suppress(*NOT_NOW):
                self.desk.close(incident.id, ADA, "done")

    @rule(host=hosts, service=services)
    def ask(self, host: str, service: str) -> None:
        self.desk.ask("demo", ADA, remedy="restart", hosts=(host,), parameters={"service": service})

    @rule(name=st.sampled_from(sorted(FILES)))
    def change_policy(self, name: str) -> None:
        self.house.rewrite_fleet(**FILES[name], sweeps=SWEEPS)

    @rule(by=st.sampled_from(JUMPS))
    def time_passes(self, by: timedelta) -> None:
        self.clock.advance(by)

    @rule(number=some, to=st.sampled_from(sorted(State)))
    def move_by_hand(self, number: int, to: State) -> None:
        """A writer that asks nobody: what the table forbids is refused, and changes nothing."""
        incident = self.pick(number)
        if incident is None or may_follow(incident.state, to):
            return
        with pytest.raises(Conflict), self.store.write() as tx:
            self.store.incidents.move(tx, incident, to, "by hand")
        assert self.house.incident(incident.id) == incident

    @rule(number=some)
    def look_too_late(self, number: int) -> None:
        """A writer with an old version, and one whose lease was taken over: neither changes anything."""
        incident = self.pick(number, live=True)
        if incident is None:
            return
        to = min(state for state in State if may_follow(incident.state, state))
        with pytest.raises(Conflict), self.store.write() as tx:
            self.store.incidents.move(tx, incident.evolve(version=incident.version - 1), to, "late")
        name, ttl = f"incident:{incident.id}", timedelta(seconds=30)
        old = self.store.leases.take_now(name, "old", ttl)
        assert old is not None
        self.clock.advance(ttl)
        new = self.store.leases.take_now(name, "new", ttl)
        assert new is not None
        with pytest.raises(LeaseLost), self.store.write() as tx:
            self.store.incidents.move(tx, incident, to, "late", lease=old)
        self.store.leases.release_now([new])
        assert self.house.incident(incident.id) == incident

    @invariant()
    def the_proof_is_whole(self) -> None:
        assert self.store.proof().violation is None

    @invariant()
    def what_ended_stays_as_it_ended(self) -> None:
        for incident in self.store.incidents.newest(live=False):
            assert incident.state.terminal
            before = self.ended.setdefault(incident.id, incident)
            assert (incident.state, incident.ended_at, incident.version) == (
                before.state,
                before.ended_at,
                before.version,
            )

    @invariant()
    def a_problem_has_one_live_incident(self) -> None:
        live = self.store.incidents.newest(live=True)
        assert not any(incident.state.terminal for incident in live)
        assert len({incident.fingerprint for incident in live}) == len(live)

    @invariant()
    def nothing_is_stuck(self) -> None:
        """Whoever waits has a due time, or waits for people, or for a mode that lets it go on."""
        for incident in self.store.incidents.newest(live=True):
            held = incident.state in (State.OPEN, State.PLANNED, State.ESCALATED)
            assert incident.due_at is not None or held, incident

    @invariant()
    def no_detection_is_lost(self) -> None:
        held = [one.id for incident in self.store.incidents.newest() for one in self.store.detections.of(incident.id)]
        assert len(held) == len(set(held))
        assert self.answered <= set(held)


@pytest.fixture(autouse=True)
def template(tmp_path: Path) -> None:
    """Content and tables, made once and copied for each life."""
    with open_house(tmp_path / "template"):
        pass
    _template[:] = [tmp_path / "template"]


def test_whatever_happens_the_laws_hold() -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
