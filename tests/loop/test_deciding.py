"""People decide: what an approval binds, what voids it, and that nobody's answer comes twice or too late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import BadInput, Conflict, NotFound, Refused
from core.incidents import Incident
from core.states import State
from tests.people import ME, YOU
from tests.world import House, open_house

APPROVE = {"mode": "approve", "policy": {"approve": {"approvers": 2, "expires": "30m"}}}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, mode="approve") as opened:
        yield opened


def waiting(house: House) -> Incident:
    incident = house.report()
    house.loop.engine.advance(incident.id)
    assert house.incident(incident.id).state is State.AWAITING_APPROVAL
    return house.incident(incident.id)


def test_a_yes_lets_it_run(house: House) -> None:
    incident = waiting(house)
    house.loop.decisions.approve(incident.id, ME)
    house.settle_down()
    assert house.incident(incident.id).state is State.RESOLVED


def test_a_no_ends_it_with_the_reason(house: House) -> None:
    incident = waiting(house)
    house.loop.decisions.reject(incident.id, ME, "not today")
    assert house.incident(incident.id).state is State.REJECTED
    assert "not today" in house.incident(incident.id).reason
    assert house.report().id == incident.id


def test_without_an_answer_it_escalates_and_never_runs(house: House) -> None:
    incident = waiting(house)
    house.settle_down(timedelta(hours=1))
    assert house.incident(incident.id).state is State.ESCALATED
    assert house.incident(incident.id).reason == "nobody answered in time; policy.approve.unanswered is escalate"
    assert house.world.executed == []
    with pytest.raises(Conflict, match="nothing to decide"):
        house.loop.decisions.approve(incident.id, ME)


def test_two_approvers_are_two_people(tmp_path: Path) -> None:
    with open_house(tmp_path, **APPROVE) as house:
        incident = waiting(house)
        house.loop.decisions.approve(incident.id, ME)
        assert house.incident(incident.id).state is State.AWAITING_APPROVAL
        with pytest.raises(Conflict, match="already decided"):
            house.loop.decisions.approve(incident.id, ME)
        house.loop.decisions.approve(incident.id, YOU)
        assert house.incident(incident.id).state is State.APPROVED


def test_an_approval_binds_the_hash_that_was_seen(house: House) -> None:
    incident = waiting(house)
    with pytest.raises(Conflict, match="changed since you looked"):
        house.loop.decisions.approve(incident.id, ME, plan_hash="0" * 64)


def test_a_change_of_policy_voids_the_approval(house: House) -> None:
    incident = waiting(house)
    house.loop.decisions.approve(incident.id, ME)
    house.rewrite_fleet(mode="approve", policy={"approve": {"approvers": 2}})
    house.loop.engine.advance(incident.id)
    assert house.incident(incident.id).state is State.AWAITING_APPROVAL
    assert house.journal("approval.void")
    assert house.world.executed == []


def test_a_changed_playbook_voids_the_approval_and_is_not_planned_again(house: House) -> None:
    incident = waiting(house)
    house.loop.decisions.approve(incident.id, ME)
    with (house.content / "roles" / "restart" / "tasks" / "main.yml").open("a") as file:
        file.write("# one more line\n")
    house.loop.engine.advance(incident.id)
    after = house.incident(incident.id)
    assert after.state is State.AWAITING_APPROVAL
    assert house.loop.context.store.plans.get(str(after.plan_id)).steps[0].remedy == "repair"
    assert house.world.executed == []


def test_a_playbook_that_disappeared_is_not_run(house: House) -> None:
    incident = waiting(house)
    house.loop.decisions.approve(incident.id, ME)
    for path in (house.content / "playbooks").glob("*.yml"):
        path.unlink()
    house.loop.engine.advance(incident.id)
    assert house.incident(incident.id).state is State.ESCALATED
    assert house.world.executed == []


def test_an_approval_that_ran_out_is_asked_anew(house: House) -> None:
    incident = waiting(house)
    house.loop.context.store.pauses.pause("demo", "person:me", "wait")
    house.loop.decisions.approve(incident.id, ME)
    house.clock.advance(timedelta(hours=1))
    house.loop.engine.advance(incident.id)
    assert house.incident(incident.id).state is State.AWAITING_APPROVAL
    assert house.world.executed == []


def test_only_escalated_incidents_are_closed_by_hand(house: House) -> None:
    incident = waiting(house)
    with pytest.raises(Conflict, match="only an escalated"):
        house.loop.desk.close(incident.id, ME, "done")


def test_risk_above_the_policy_is_not_for_people_either(tmp_path: Path) -> None:
    with open_house(tmp_path, mode="suggest", policy={"approve": {"risk": "low"}}) as house:
        incident = house.report()
        house.loop.engine.advance(incident.id)
        assert house.incident(incident.id).state is State.PLANNED
        house.loop.decisions.approve(incident.id, ME)
        house.settle_down()
        assert house.incident(incident.id).state is State.RESOLVED


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"host": "h9"}, Refused),
        ({"fleet": "nowhere"}, Refused),
        ({"symptom": "bad_mood"}, Refused),
    ],
)
def test_detections_of_what_is_unknown_are_refused_whole(
    house: House, changes: dict[str, str], error: type[Exception]
) -> None:
    from tests.stores import detection

    with pytest.raises(error, match="nothing was stored"):
        house.loop.intake.accept([detection(house.clock), detection(house.clock, **changes)])
    assert house.loop.context.store.incidents.newest() == []


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"text": "restart web"}, BadInput),
        ({"text": "restart web on h1 and h2"}, BadInput),
        ({"text": "", "hosts": ("h1",)}, BadInput),
        ({"remedy": "nothing_such", "hosts": ("h1",)}, NotFound),
        ({"text": "restart web", "hosts": ("h9",)}, NotFound),
    ],
)
def test_asking_for_what_cannot_be_meant(house: House, words: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        house.loop.desk.ask("demo", ME, **words)


def test_asking_in_words_becomes_a_plan_that_waits(house: House) -> None:
    incident = house.loop.desk.ask("demo", ME, text="please restart web on h2")
    house.loop.engine.advance(incident.id)
    after = house.incident(incident.id)
    assert after.state is State.AWAITING_APPROVAL, after.reason
    [step] = house.loop.context.store.plans.get(str(after.plan_id)).steps
    assert (step.remedy, step.parameters, step.hosts) == ("restart", {"service": "web"}, ("h2",))
