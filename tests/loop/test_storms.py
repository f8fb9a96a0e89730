"""Storms: many hosts with one symptom are one problem, one plan, and a first wave of one host."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.detections import Signal
from core.fleets import Host
from core.incidents import Incident
from core.outcomes import Verdict
from core.states import State
from tests.people import BOB, ME
from tests.stores import detection
from tests.world import AUTO, House, open_house

HOSTS = tuple(
    Host(
        name=f"h{number:02}",
        groups=("all",),
        variables={"fleetmend_services": {"web": {}, "db": {}}, "fleetmend_importance": 90 if number == 1 else 50},
    )
    for number in range(1, 21)
)
NAMES = tuple(host.name for host in HOSTS)
STORMY = {"storms": {"hosts": 4, "within": "2m"}}
CARDS = {"reach": {"max_hosts": "25%"}}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, hosts=HOSTS, cards=CARDS, **AUTO, **STORMY) as house:
        yield house


def report(house: House, *names: str, **changes: Any) -> list[Incident]:
    """The same symptom on several hosts, each told by itself."""
    return [house.report(host=name, **changes) for name in names]


def live(house: House) -> list[Incident]:
    return [house.incident(one.id) for one in house.loop.context.store.incidents.newest(live=True)]


def test_from_so_many_hosts_on_they_are_one(house: House) -> None:
    first = report(house, *NAMES[:3])
    assert len(live(house)) == 3
    [last] = report(house, NAMES[3])
    [storm] = live(house)
    assert storm.id == last.id
    assert storm.title == "service_down web on 4 hosts"
    assert storm.hosts == NAMES[:4]
    assert storm.detections == 4
    for one in first:
        ended = house.incident(one.id)
        assert ended.state is State.SUPPRESSED
        assert ended.reason == f"part of {storm.id}: service_down on 4 hosts"
    assert {one.host for one in house.loop.context.store.detections.of(storm.id)} == set(NAMES[:4])


def test_what_comes_later_joins_it(house: House) -> None:
    report(house, *NAMES[:4])
    report(house, *NAMES[2:12])
    [storm] = live(house)
    assert (storm.hosts, storm.host_count, storm.detections) == (NAMES[:12], 12, 14)


def test_all_of_it_may_come_in_one_batch(house: House) -> None:
    found = [house.world.break_it(detection(house.clock, host=name)) for name in NAMES for _ in range(2)]
    accepted = house.loop.intake.accept(found)
    [storm] = live(house)
    assert (storm.hosts, storm.detections) == (NAMES, 40)
    assert len(house.loop.context.store.detections.of(storm.id)) == 40
    assert accepted[-1].incident_id == storm.id
    assert house.loop.context.store.proof().violation is None


def test_it_heals_one_host_first_and_then_the_others_in_waves(house: House) -> None:
    report(house, *NAMES)
    [storm] = live(house)
    house.settle_down(timedelta(hours=1))
    assert house.incident(storm.id).state is State.RESOLVED
    sizes = [len(step.hosts) for step in house.world.executed]
    assert sizes == [1, 5, 5, 5, 4]
    assert house.world.executed[0].hosts == ("h02",), "the host that matters most does not come first"
    assert sorted(host for step in house.world.executed for host in step.hosts) == list(NAMES)
    assert house.world.broken == set()
    outcomes = house.loop.context.store.outcomes.newest(incident_id=storm.id)
    assert {one.verdict for one in outcomes} == {Verdict.HEALED}
    assert house.loop.context.store.proof().violation is None


def test_if_the_first_host_is_not_healed_no_other_is_touched(house: House) -> None:
    house.world.cures = {}
    report(house, *NAMES[:6])
    [storm] = live(house)
    house.settle_down(timedelta(hours=1))
    assert house.incident(storm.id).state is State.ESCALATED
    assert {step.hosts for step in house.world.executed} == {("h02",)}


def test_the_second_wave_is_checked_like_the_first(house: House) -> None:
    """What was approved has to hold still when the next wave begins."""
    report(house, *NAMES[:6])
    [storm] = live(house)
    house.loop.engine.advance(storm.id)
    house.loop.context.store.pauses.pause("demo", "person:ops", "look at it first")
    house.settle_down(timedelta(minutes=10))
    found = house.incident(storm.id)
    assert (found.state, len(house.world.executed)) == (State.APPROVED, 1)
    assert "paused by person:ops" in found.reason
    house.loop.context.store.pauses.resume("demo", "person:ops")
    house.settle_down(timedelta(minutes=10))
    assert house.incident(storm.id).state is State.RESOLVED


def test_what_drifts_between_two_waves_is_planned_anew_with_what_healed_so_far(house: House) -> None:
    report(house, *NAMES[:6])
    [storm] = live(house)
    house.loop.engine.advance(storm.id)
    house.loop.context.store.pauses.pause("demo", "person:ops", "look at it first")
    house.settle_down(timedelta(minutes=10))
    house.rewrite_fleet(**AUTO, **STORMY, budget={"concurrent_runs": 1})
    house.loop.context.store.pauses.resume("demo", "person:ops")
    house.settle_down(timedelta(minutes=20))
    assert house.incident(storm.id).state is State.RESOLVED
    assert {step.remedy for step in house.world.executed} == {"restart"}
    assert house.world.broken == set()


def test_people_are_asked_once_about_both_waves_and_may_leave_hosts_out(tmp_path: Path) -> None:
    with open_house(tmp_path, hosts=HOSTS, cards=CARDS, mode="approve", **STORMY) as house:
        report(house, *NAMES[:4])
        [storm] = live(house)
        house.loop.engine.advance(storm.id)
        found = house.incident(storm.id)
        plan = house.loop.context.store.plans.get(str(found.plan_id))
        assert [step.hosts for step in plan.steps] == [("h02",), ("h01", "h03", "h04")]
        house.loop.decisions.approve(storm.id, ME, plan_hash=plan.hash, hosts=["h02", "h03"])
        house.settle_down(timedelta(minutes=20))
        assert [step.hosts for step in house.world.executed] == [("h02",), ("h03",)]
        again = house.incident(storm.id)
        assert again.state is State.AWAITING_APPROVAL, "the hosts that were left out are asked about anew"
        left = house.loop.context.store.plans.get(str(again.plan_id))
        assert left.hosts == ("h01", "h04")
        house.loop.decisions.approve(storm.id, BOB)
        house.settle_down(timedelta(minutes=20))
        assert house.incident(storm.id).state is State.RESOLVED


def test_other_symptoms_and_subjects_are_other_problems(house: House) -> None:
    report(house, *NAMES[:3])
    report(house, *NAMES[3:6], subject="db", service="db")
    report(house, *NAMES[6:9], symptom="port_closed")
    assert len(live(house)) == 9


def test_what_came_long_ago_is_no_part_of_it(tmp_path: Path) -> None:
    with open_house(tmp_path, hosts=HOSTS, cards=CARDS, mode="suggest", **STORMY) as house:
        report(house, *NAMES[:3])
        house.clock.advance(timedelta(minutes=3))
        report(house, *NAMES[3:6])
        assert len(live(house)) == 6


def test_a_fleet_may_want_no_storms(tmp_path: Path) -> None:
    with open_house(tmp_path, hosts=HOSTS, cards=CARDS, mode="suggest", storms="off") as house:
        report(house, *NAMES)
        assert len(live(house)) == len(NAMES)


def test_a_host_at_work_is_left_alone(house: House) -> None:
    [begun] = report(house, NAMES[0])
    house.loop.engine.advance(begun.id)
    assert house.incident(begun.id).state is State.VERIFYING
    report(house, *NAMES[1:4])
    assert len(live(house)) == 4, "three others are no storm yet"
    report(house, NAMES[4])
    assert sorted(one.state for one in live(house)) == [State.OPEN, State.VERIFYING]


def test_it_ends_by_itself_once_every_host_is_well(tmp_path: Path) -> None:
    sweeps = [{"every": "30s", "probes": ["services"]}]
    with open_house(tmp_path, hosts=HOSTS, cards=CARDS, mode="suggest", sweeps=sweeps, **STORMY) as house:
        report(house, *NAMES[:4])
        [storm] = live(house)
        signals = house.loop.context.store.incidents.signals(storm.id)
        assert signals == tuple(Signal(name, "service_down", "web") for name in NAMES[:4])


def test_a_no_mutes_all_of_it(tmp_path: Path) -> None:
    with open_house(tmp_path, hosts=HOSTS, cards=CARDS, mode="approve", **STORMY) as house:
        report(house, *NAMES[:4])
        [storm] = live(house)
        house.loop.engine.advance(storm.id)
        house.loop.decisions.reject(storm.id, ME, "the switch is being replaced")
        again = report(house, *NAMES[:8])
        assert {one.id for one in again} == {storm.id}
        assert live(house) == []
