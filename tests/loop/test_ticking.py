"""Sweeps and schedules that die half-way: nothing that a tick found or asked for depends on what comes after it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.detections import Signal
from core.errors import NeedsHuman
from core.points import Point
from core.samples import Sample, SignalState
from core.states import State
from loop.schedules import due_time
from tests.world import AUTO, House, open_house

EVERY = timedelta(seconds=30)
NIGHTLY = {"remedy": "restart", "every": "1h", "hosts": ["h1", "h2"], "parameters": {"service": "web"}}


class Killed(BaseException):
    """Stands for `kill -9`: no handler of ours may run."""


class DiesAt:
    """A witness that ends everything at one side of one point, once."""

    def __init__(self) -> None:
        self.armed: tuple[str, Point] | None = None

    def before(self, point: Point) -> None:
        self._at("before", point)

    def after(self, point: Point) -> None:
        self._at("after", point)

    def _at(self, side: str, point: Point) -> None:
        if self.armed == (side, point):
            self.armed = None
            raise Killed


class Web:
    """A sweeper that says whether `web` is up on h1."""

    def __init__(self, house: House) -> None:
        self._house, self.up = house, False
        object.__setattr__(house.loop.context, "sweeper", self)

    def measure(self, *_asked: object) -> tuple[Sample, ...]:
        at = self._house.clock.now()
        return (Sample(host="h1", name="service.up", subject="web", value=float(self.up), at=at, service="web"),)

    def sweep(self) -> None:
        self._house.clock.advance(EVERY)
        self._house.loop.sweeps.tick("demo", 0, due_time(self._house.clock.now(), EVERY))


@pytest.mark.parametrize("side", ["before", "after"])
def test_what_a_sweep_found_clear_is_resolved_even_if_it_dies(tmp_path: Path, side: str) -> None:
    witness = DiesAt()
    file = {"mode": "suggest", "sweeps": [{"every": "30s", "probes": ["services"]}]}
    with open_house(tmp_path, witness=witness, **file) as house:
        web = Web(house)
        web.sweep()
        house.settle_down()
        [incident] = house.loop.context.store.incidents.newest()
        assert incident.state is State.PLANNED
        web.up, witness.armed = True, (side, Point.SWEEPS_JUDGE)
        with pytest.raises(Killed):
            web.sweep()
        web.sweep()
        assert house.incident(incident.id).state is State.RESOLVED
        assert house.loop.context.store.proof().violation is None


def test_an_incident_that_moves_on_while_it_clears_is_resolved_by_the_next_sweep(tmp_path: Path) -> None:
    witness = DiesAt()
    file = {"mode": "suggest", "sweeps": [{"every": "30s", "probes": ["services"]}]}
    with open_house(tmp_path, witness=witness, **file) as house:
        web = Web(house)
        web.sweep()
        [incident] = house.loop.context.store.incidents.newest()
        web.up = True
        measure = web.measure

        def and_meanwhile(*asked: object) -> tuple[Sample, ...]:
            house.loop.engine.advance(incident.id)
            return measure(*asked)

        object.__setattr__(web, "measure", and_meanwhile)
        web.sweep()
        web.sweep()
        assert house.incident(incident.id).state is State.RESOLVED


@pytest.mark.parametrize("again", [False, True])
def test_what_cleared_while_it_was_at_work_is_resolved_once_it_waits(tmp_path: Path, again: bool) -> None:
    """No later sweep says that it cleared. Seen again since, it is as broken as it was."""
    with open_house(tmp_path, **AUTO, sweeps=[{"every": "30s", "probes": ["services"]}]) as house:
        web, world = Web(house), house.world
        web.sweep()
        [incident] = house.loop.context.store.incidents.newest()

        def clears_meanwhile(_step: object) -> None:
            web.up = True
            web.sweep()
            assert house.incident(incident.id).state is State.RUNNING

        def check(*_asked: object) -> dict[Signal, SignalState]:
            raise NeedsHuman("the probe is not there any more")

        world.while_running = clears_meanwhile
        object.__setattr__(world, "check", check)
        house.settle_down()
        assert house.incident(incident.id).state is State.ESCALATED
        if again:
            house.clock.advance(EVERY)
            house.report()
        web.sweep()
        found = house.incident(incident.id)
        assert found.state is (State.ESCALATED if again else State.RESOLVED), found.reason
        assert "cleared before it was escalated" in found.reason or again
        assert house.loop.context.store.proof().violation is None


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_schedule_that_dies_asks_exactly_once(tmp_path: Path, side: str) -> None:
    witness = DiesAt()
    with open_house(tmp_path, witness=witness, **AUTO, schedules={"nightly": NIGHTLY}) as house:
        witness.armed = (side, Point.SCHEDULES_TICK)
        with pytest.raises(Killed):
            house.loop.schedules.tick("demo", "nightly")
        house.loop.schedules.tick("demo", "nightly")
        assert {one.host for one in house.loop.context.store.incidents.newest()} == {"h1", "h2"}
        assert house.loop.schedules.tick("demo", "nightly") == 0
