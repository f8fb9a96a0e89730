"""People are asked: what they are shown, how they are reminded, and what they may answer besides yes and no."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.approvals import Ruling
from core.errors import BadInput, Refused
from core.fleets import Host
from core.incidents import Incident
from core.people import Access, Grant, Role
from core.plans import Plan
from core.runs import RunStatus
from core.states import State
from loop.engine import STEPS
from tests.people import ADA, BOB, ME, YOU
from tests.world import AUTO, House, open_house

APPROVE = {"mode": "approve", "policy": {"approve": {"expires": "30m", "remind": "10m", "widen": "20m"}}}
MANY = tuple(
    Host(name=f"h{number}", groups=("all",), variables={"fleetmend_services": {"web": {}, "db": {}}})
    for number in range(1, 13)
)
THREE = {"reach": {"max_hosts": 3}}
VIEWER = Access(person="vic", grants=(Grant(role=Role.VIEWER),), via="token:vic")
ELSEWHERE = Access(person="eve", grants=(Grant(role=Role.ADMIN, fleet="other"),), via="token:eve")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, hosts=MANY, cards=THREE, **APPROVE) as house:
        yield house


def asked_about(house: House, **changes: str) -> Incident:
    incident = house.report(**changes)
    house.loop.engine.advance(incident.id)
    found = house.incident(incident.id)
    assert found.state is State.AWAITING_APPROVAL
    return found


def asked_for_three(house: House) -> Incident:
    wish = house.loop.desk.ask("demo", ADA, remedy="restart", hosts=("h3", "h1", "h2"), parameters={"service": "web"})
    house.loop.engine.advance(wish.id)
    return house.incident(wish.id)


def test_what_it_would_change_is_looked_at_before_anybody_is_asked(house: House) -> None:
    house.world.diffs["h1"] = "-off\n+on\n"
    incident = asked_about(house)
    found = house.loop.context.store.foreseen.get(str(incident.plan_id))
    assert found is not None
    assert [(one.host, one.diff) for one in found.previews[0].hosts] == [("h1", "-off\n+on\n")]
    assert found.problem is None
    assert house.journal("plan.foreseen")[0]["diff"] == found.digest
    assert house.world.executed == []


def test_people_are_asked_even_if_nothing_could_be_foreseen(house: House) -> None:
    house.world.preview_status = RunStatus.TIMEOUT
    incident = asked_about(house)
    found = house.loop.context.store.foreseen.get(str(incident.plan_id))
    assert found is not None
    assert found.problem == "check mode: it took too long"


def test_what_runs_by_itself_is_not_looked_at_first(tmp_path: Path) -> None:
    with open_house(tmp_path, **AUTO) as house:
        assert house.healed().state is State.RESOLVED
        assert house.world.previewed == []


def test_a_reminder_then_the_next_group_then_it_escalates(house: House) -> None:
    incident = asked_about(house)
    asks, plan_id = house.loop.context.store.asks, str(incident.plan_id)
    begun = house.clock.now()
    told = []
    while house.incident(incident.id).state is State.AWAITING_APPROVAL:
        due = house.incident(incident.id).due_at
        assert due is not None
        house.clock.advance(due - house.clock.now())
        house.loop.engine.advance(incident.id)
        ask = asks.get(plan_id)
        assert ask is not None
        told.append((house.clock.now() - begun, ask.reminded_at is not None, ask.widened_at is not None))
    minutes = timedelta(minutes=1)
    assert told == [(10 * minutes, True, False), (20 * minutes, True, True), (30 * minutes, True, True)]
    assert house.incident(incident.id).state is State.ESCALATED
    assert house.world.executed == []


def test_the_fleet_may_say_that_what_nobody_answers_expires(tmp_path: Path) -> None:
    with open_house(tmp_path, mode="approve", policy={"approve": {"unanswered": "expire"}}) as house:
        incident = asked_about(house)
        house.settle_down(timedelta(hours=1))
        assert house.incident(incident.id).state is State.EXPIRED


def test_a_snooze_puts_it_off_and_then_people_are_asked_again(house: House) -> None:
    incident = asked_about(house)
    snoozed = house.loop.decisions.snooze(incident.id, ME, timedelta(hours=2), "after the deploy")
    assert snoozed.reason.endswith("UTC: after the deploy")
    house.clock.advance(timedelta(hours=1, minutes=59))
    house.loop.engine.advance(incident.id)
    assert house.incident(incident.id).reason == snoozed.reason
    house.clock.advance(timedelta(minutes=1))
    house.loop.engine.advance(incident.id)
    ask = house.loop.context.store.asks.get(str(incident.plan_id))
    assert ask is not None
    assert (ask.snoozed_until, ask.reminded_at) == (None, house.clock.now())
    assert ask.expires_at == house.clock.now() + timedelta(minutes=30)
    house.loop.decisions.approve(incident.id, ME)
    house.settle_down()
    assert house.incident(incident.id).state is State.RESOLVED


@pytest.mark.parametrize("time", [timedelta(seconds=59), timedelta(days=1, seconds=1), timedelta(0)])
def test_nobody_snoozes_for_ever(house: House, time: timedelta) -> None:
    with pytest.raises(BadInput, match="snooze for 1m to 1d"):
        house.loop.decisions.snooze(asked_about(house).id, ME, time)


def test_whoever_asked_does_not_approve(house: House) -> None:
    incident = asked_for_three(house)
    for hosts in (None, ["h1"]):
        with pytest.raises(Refused, match="ada asked for this"):
            house.loop.decisions.approve(incident.id, ADA, hosts=hosts)
    house.loop.decisions.reject(incident.id, ADA, "I was wrong")
    assert house.incident(incident.id).state is State.REJECTED


def test_people_may_take_it_out_of_our_hands(house: House) -> None:
    incident = asked_about(house)
    house.loop.decisions.escalate(incident.id, ME, "I look at it myself")
    assert house.incident(incident.id).reason == "escalated by person:me: I look at it myself"


@pytest.mark.parametrize("who", [VIEWER, ELSEWHERE])
def test_who_has_no_role_there_decides_nothing(house: House, who: Access) -> None:
    incident = asked_about(house)
    decisions, desk = house.loop.decisions, house.loop.desk
    tries = [
        lambda: decisions.approve(incident.id, who),
        lambda: decisions.reject(incident.id, who, "no"),
        lambda: decisions.change(incident.id, who, parameters={"service": "db"}),
        lambda: decisions.snooze(incident.id, who, timedelta(hours=1)),
        lambda: decisions.escalate(incident.id, who, "mine"),
        lambda: desk.ask("demo", who, remedy="restart", hosts=("h1",), parameters={"service": "web"}),
        lambda: desk.pause("demo", who, "mine"),
        lambda: desk.pause("*", who, "mine"),
        lambda: desk.resume("demo", who),
    ]
    for act in tries:
        with pytest.raises(Refused, match="it takes the role"):
            act()
    assert house.incident(incident.id) == incident


def test_what_ran_out_is_asked_for_anew_and_approved_by_the_same_person(house: House) -> None:
    incident = asked_about(house)
    house.loop.context.store.pauses.pause("demo", "person:ops", "maintenance")
    house.loop.decisions.approve(incident.id, ME)
    house.clock.advance(timedelta(minutes=31))
    house.loop.engine.advance(incident.id)
    assert house.incident(incident.id).state is State.AWAITING_APPROVAL
    house.loop.context.store.pauses.resume("demo", "person:ops")
    house.loop.decisions.approve(incident.id, ME)
    house.settle_down()
    assert house.incident(incident.id).state is State.RESOLVED


def test_a_diff_that_the_card_binds_has_to_be_the_same_at_the_start(tmp_path: Path) -> None:
    with open_house(tmp_path, cards={"bind_diff": True}, **APPROVE) as house:
        house.world.diffs["h1"] = "+one\n"
        incident = asked_about(house)
        house.world.diffs["h1"] = "+another\n"
        house.loop.decisions.approve(incident.id, ME)
        house.loop.engine.advance(incident.id)
        found = house.incident(incident.id)
        assert found.state is State.AWAITING_APPROVAL
        assert "something else now than what was shown" in house.journal("approval.void")[0]["reason"]
        house.loop.decisions.approve(incident.id, ME)
        house.settle_down()
        assert house.incident(incident.id).state is State.RESOLVED


def test_every_ruling_is_on_record_with_its_case(house: House) -> None:
    incident = asked_about(house)
    [ruled] = house.loop.context.store.rulings.of(incident_id=incident.id)
    assert ruled.decision.ruling is Ruling.ASK
    assert ruled.case.plan_hash == house.loop.context.store.plans.get(str(incident.plan_id)).hash
    assert ruled.case.catalog_digest == house.loop.context.catalog.digest
    assert ruled.case.policy_digest == house.loop.context.fleet("demo").policy_digest


def test_a_freeze_of_everything_holds_what_people_approved(tmp_path: Path) -> None:
    freeze = {"from": "2026-01-01 01:00", "to": "2026-01-01 02:00", "reason": "stocktaking", "for": "all"}
    with open_house(tmp_path, mode="approve", policy={"freezes": [freeze]}) as house:
        house.clock.advance(timedelta(minutes=59))
        incident = asked_about(house)
        house.clock.advance(timedelta(minutes=2))
        house.loop.decisions.approve(incident.id, ME)
        house.loop.engine.advance(incident.id)
        found = house.incident(incident.id)
        assert found.state is State.APPROVED
        assert found.reason == "approved; frozen until 2026-01-01 02:00 UTC: stocktaking"
        assert house.world.executed == []


def test_two_people_at_the_same_instant_both_count(tmp_path: Path) -> None:
    with open_house(tmp_path, mode="approve", policy={"approve": {"approvers": 2}}) as house:
        incident = asked_about(house)
        plans, others = house.loop.context.store.plans, [YOU]
        get = plans.get

        def while_another_decides(plan_id: str) -> Plan:
            plan = get(plan_id)
            if others:
                house.loop.decisions.approve(incident.id, others.pop())
            return plan

        plans.get = while_another_decides  # type: ignore[method-assign]
        house.loop.decisions.approve(incident.id, ME)
        found = house.incident(incident.id)
        assert (found.state, found.reason) == (State.APPROVED, "approved by person:me, person:you")


def test_nobody_approves_faster_than_the_policy_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the policy would stop is refused before it has ruled, too."""
    with open_house(tmp_path, hosts=MANY, **APPROVE) as house:
        monkeypatch.delitem(STEPS, State.PLANNED)
        wish = house.loop.desk.ask("demo", ADA, remedy="restart", hosts=("h1", "h2"), parameters={"service": "web"})
        house.loop.engine.advance(wish.id)
        assert house.incident(wish.id).state is State.PLANNED
        with pytest.raises(Refused, match="the policy stops it: 2 hosts at once; the card of restart allows 1"):
            house.loop.decisions.approve(wish.id, BOB)
