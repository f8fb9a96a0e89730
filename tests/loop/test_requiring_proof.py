"""What a fleet asks for beyond vetting: in mode auto, what no lab has shown waits for a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.proofs import proof_path
from core.errors import Refused
from core.states import State
from tests.people import ADA
from tests.world import AUTO, House, open_house


def forget(house: House, remedy: str = "restart") -> None:
    """Take a proof away."""
    proof_path(house.content, remedy).unlink()


def test_without_its_proof_a_remedy_asks_and_a_person_may_say_yes(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        forget(house)
        incident = house.report()
        house.loop.engine.advance(incident.id)
        waiting = house.incident(incident.id)
        assert waiting.state is State.AWAITING_APPROVAL
        assert "no lab has shown that restart heals; policy.require_proof is auto" in waiting.reason
        assert house.world.executed == []
        house.loop.decisions.approve(incident.id, ADA)
        house.settle_down()
        assert house.incident(incident.id).state is State.RESOLVED


def test_a_changed_file_voids_the_proof_of_what_is_vetted_again(tmp_path: Path) -> None:
    from catalog.vetting import vet

    with open_house(tmp_path) as house:
        tasks = house.content / "roles" / "restart" / "tasks" / "main.yml"
        tasks.write_text(tasks.read_text() + "# changed\n")
        vet(house.content, ["restart"], shipped=tmp_path / "shipped")
        incident = house.report()
        house.loop.engine.advance(incident.id)
        assert "the proof of restart is void" in house.incident(incident.id).reason


def test_a_proof_that_goes_while_the_run_waits_stops_it(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        house.loop.context.store.pauses.pause("*", "person:ada", "maintenance")
        incident = house.report()
        house.loop.engine.advance(incident.id)
        assert house.incident(incident.id).state is State.APPROVED
        forget(house)
        house.loop.context.store.pauses.resume("*", "person:ada")
        house.clock.advance(house.incident(incident.id).due_at - house.clock.now())  # type: ignore[operator]
        house.loop.engine.advance(incident.id)
        assert house.incident(incident.id).state is State.AWAITING_APPROVAL
        assert house.world.executed == []


def test_where_a_proof_is_always_required_nobody_may_approve(tmp_path: Path) -> None:
    with open_house(tmp_path, mode="approve") as house:
        incident = house.report()
        house.loop.engine.advance(incident.id)
        forget(house)
        house.rewrite_fleet(mode="approve", policy={"require_proof": "always"})
        with pytest.raises(Refused, match=r"require_proof is always in demo; run: fleetmend catalog prove"):
            house.loop.decisions.approve(incident.id, ADA)
        other = house.report(host="h2")
        house.loop.engine.advance(other.id)
        assert [one.steps[0].remedy for one in house.loop.context.store.plans.of(other.id)] == ["repair"]


def test_a_fleet_may_do_without(tmp_path: Path) -> None:
    policy = {**AUTO["policy"], "require_proof": "never"}
    with open_house(tmp_path, **(AUTO | {"policy": policy})) as house:
        forget(house)
        assert house.healed().state is State.RESOLVED
