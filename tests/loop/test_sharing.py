"""Two incidents on one host, and a remedy that ran there just before: what the transaction of a run looks at last."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from core.plans import Step
from core.states import State
from tests.people import ME
from tests.world import AUTO, House, World, open_house

SLOW = AUTO | {"cooldown": "10m"}


def approved(house: House, **changes: str) -> str:
    """An incident whose plan the policy has approved, and nobody began."""
    opened = house.report(**changes)
    store = house.loop.context.store
    # The world's engine goes on as long as something is due: paused, it stops short of the run.
    store.pauses.pause("demo", "person:me", "test")
    house.loop.engine.advance(opened.id)
    store.pauses.resume("demo", "person:me")
    assert house.incident(opened.id).state is State.APPROVED
    house.clock.advance(timedelta(seconds=2))
    return opened.id


def test_a_cooldown_is_a_floor_for_what_the_policy_approved(tmp_path: Path) -> None:
    """Both were approved while nothing had run: only the transaction that begins the second one can see the first."""
    with open_house(tmp_path, **SLOW) as house:
        first, second = (approved(house, subject=name, service=name) for name in ("web", "db"))
        house.loop.engine.advance(first)
        assert house.incident(first).state is State.VERIFYING
        house.world.broken |= {one.signal for one in house.loop.context.store.detections.of(second)}
        house.loop.engine.advance(second)
        assert house.incident(second).state is State.AWAITING_APPROVAL
        assert "restart ran on h1 0s ago; its cooldown is 10m" in house.incident(second).reason
        assert len(house.world.executed) == 1
        assert house.journal("cooldown.overridden") == []
        house.loop.decisions.approve(second, ME)
        house.loop.engine.advance(second)
        assert len(house.world.executed) == 2
        [said] = house.journal("cooldown.overridden")
        assert "its cooldown is 10m" in said["reason"]
        house.settle_down()
        assert house.loop.context.store.proof().violation is None


def test_a_second_incident_waits_for_the_host(tmp_path: Path) -> None:
    world = World()
    with open_house(tmp_path, world=world) as house:
        first, second = (approved(house, subject=name, service=name) for name in ("web", "db"))

        def meanwhile(_step: Step) -> None:
            world.while_running = lambda _step: None
            house.loop.engine.advance(second)
            assert "another run is under way on h1" in house.incident(second).reason

        world.while_running = meanwhile
        house.loop.engine.advance(first)
        assert len(world.executed) == 1
        house.settle_down()
        assert house.incident(second).state is State.RESOLVED


def test_a_dead_workers_host_is_not_given_away_before_it_is_settled(tmp_path: Path) -> None:
    """The leases are gone, but Ansible may still be at work there."""
    world = World()
    with open_house(tmp_path, world=world) as house:
        first, second = (approved(house, subject=name, service=name) for name in ("web", "db"))

        class Killed(BaseException):
            pass

        def die(_step: Step) -> None:
            raise Killed

        world.while_running = die
        try:
            house.loop.engine.advance(first)
        except Killed:
            world.while_running = lambda _step: None
        house.clock.advance(timedelta(minutes=5))
        house.loop.context.store.leases.void_all()
        house.loop.engine.advance(second)
        assert "another run is under way on h1" in house.incident(second).reason
        house.settle_down()
        assert world.settled
        assert house.incident(second).state is State.RESOLVED
