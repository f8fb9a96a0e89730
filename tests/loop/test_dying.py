"""Workers die: what they left is settled by measuring, and nothing runs twice (laws 4 and 5)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.states import State
from tests.world import House, World, open_house


class Killed(BaseException):
    """Stands for `kill -9`: no handler of ours may run."""


def die(_step: object) -> None:
    raise Killed


def killed_in_the_middle(house: House, *, cured: bool) -> str:
    incident = house.report()
    house.world.while_running = die
    with pytest.raises(Killed):
        house.loop.engine.advance(incident.id)
    if cured:
        house.world.broken.clear()
    house.world.while_running = lambda _step: None
    assert house.incident(incident.id).state is State.RUNNING
    return incident.id


@pytest.mark.parametrize("cured", [True, False])
def test_a_dead_workers_run_is_settled_and_measured(tmp_path: Path, cured: bool) -> None:
    clock, world = ManualClock(), World(cures={})
    with open_house(tmp_path, clock=clock, world=world) as house:
        incident_id = killed_in_the_middle(house, cured=cured)
    with open_house(tmp_path, clock=clock, world=world) as house:
        house.settle_down()
        incident = house.incident(incident_id)
        assert world.settled == [house.loop.context.store.runs.newest(incident_id=incident_id)[-1].id]
        assert [step.remedy for step in world.executed].count("restart") == 1
        assert incident.state is (State.RESOLVED if cured else State.ESCALATED)
        assert house.loop.context.store.proof().violation is None


def test_nobody_takes_over_while_the_lease_holds(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        incident = house.report()
        house.world.while_running = lambda _step: house.loop.engine.advance(incident.id)
        house.loop.engine.advance(incident.id)
        assert len(house.world.executed) == 1
        assert house.world.settled == []


def test_a_late_worker_cannot_write_what_it_found(tmp_path: Path) -> None:
    clock, world = ManualClock(), World()
    with open_house(tmp_path, clock=clock, world=world) as house:
        incident = house.report()

        def sleep_too_long(_step: object) -> None:
            clock.advance(timedelta(minutes=5))
            world.while_running = lambda _step: None
            house.loop.engine.advance(incident.id)

        world.while_running = sleep_too_long
        house.loop.engine.advance(incident.id)
        house.settle_down()
        assert house.incident(incident.id).state.terminal
        assert house.loop.context.store.proof().violation is None
        assert len(house.loop.context.store.runs.newest(incident_id=incident.id)) == 1


def test_a_lost_ring_is_rung_again(tmp_path: Path) -> None:
    rings: list[str] = []
    with open_house(tmp_path) as house:
        incident = house.report()
        object.__setattr__(
            house.loop.context, "doorbell", type("Bell", (), {"ring": lambda _self, id_: rings.append(id_)})()
        )
        assert house.loop.reconciler.look() == 1
        assert rings == [incident.id]
        house.settle_down()
        assert house.loop.reconciler.look() == 0


def test_a_ring_for_what_is_not_due_writes_nothing(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        incident = house.healed()
        before = house.loop.context.store.leases.held(), house.clock.now()
        fences = _fence_of(house, incident.id)
        house.loop.engine.advance(incident.id)
        house.loop.engine.advance("inc-unknown")
        assert (house.loop.context.store.leases.held(), house.clock.now()) == before
        assert _fence_of(house, incident.id) == fences + 1, "only our own look took the lease"


def _fence_of(house: House, incident_id: str) -> int:
    store = house.loop.context.store
    lease = store.leases.take_now(f"incident:{incident_id}", "test", timedelta(seconds=1))
    assert lease is not None
    store.leases.release_now([lease])
    return lease.fence


def test_a_step_that_finds_the_same_conflict_again_goes_to_people(tmp_path: Path) -> None:
    """A plan whose step was begun before can't run; nor may its incident go round in circles."""
    with open_house(tmp_path) as house:
        incident = house.healed()
        store = house.loop.context.store
        house.clock.advance(timedelta(minutes=1))
        again = house.report()
        house.loop.context.store.pauses.pause("*", "person:me", "wait")
        house.loop.engine.advance(again.id)
        stuck = house.incident(again.id)
        assert stuck.state is State.APPROVED
        old = store.runs.newest(incident_id=incident.id)[0]
        with store.write() as tx:
            store.runs.begin(tx, old.evolve(id="run-twin", plan_id=str(stuck.plan_id), incident_id=again.id))
        store.pauses.resume("*", "person:me")
        house.settle_down()
        assert house.incident(again.id).state is State.ESCALATED
        assert "not run twice" in house.incident(again.id).reason
