"""Yes to less, and something else instead: each is another plan, with a hash of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import BadInput, Refused
from core.states import State
from tests.loop.test_asking import APPROVE, MANY, THREE, asked_about, asked_for_three
from tests.people import BOB, ME, YOU
from tests.world import House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, hosts=MANY, cards=THREE, **APPROVE) as house:
        yield house


def test_a_yes_to_some_of_the_hosts_runs_on_exactly_these(house: House) -> None:
    house.world.diffs |= {"h1": "+one\n", "h2": "+two\n", "h3": "+three\n"}
    incident = asked_for_three(house)
    before = house.loop.context.store.plans.get(str(incident.plan_id))
    given = house.loop.decisions.approve(incident.id, BOB, plan_hash=before.hash, hosts=["h3", "h1"])
    plan = house.loop.context.store.plans.get(given.plan_id)
    assert (plan.hosts, plan.hash != before.hash) == (("h1", "h3"), True)
    assert plan.reasons[-1] == "narrowed to h1, h3 by person:bob"
    shown = house.loop.context.store.foreseen.get(plan.id)
    assert shown is not None
    assert [one.diff for one in shown.previews[0].hosts] == ["+one\n", "+three\n"]
    house.settle_down()
    assert [step.hosts for step in house.world.executed] == [("h1", "h3")]
    assert house.incident(incident.id).state is State.RESOLVED


@pytest.mark.parametrize(
    ("hosts", "words"), [([], "name at least one host"), (["h4"], "h4 is not in the plan, which is for h1, h2, h3")]
)
def test_only_hosts_of_the_plan_are_approved(house: House, hosts: list[str], words: str) -> None:
    incident = asked_for_three(house)
    with pytest.raises(BadInput, match=words):
        house.loop.decisions.approve(incident.id, BOB, hosts=hosts)
    assert house.incident(incident.id) == incident


def test_a_yes_to_less_is_a_yes_to_nothing_else(tmp_path: Path) -> None:
    policy = {"approve": {"approvers": 2}}
    with open_house(tmp_path, hosts=MANY, cards=THREE, mode="approve", policy=policy) as house:
        incident = asked_for_three(house)
        house.loop.decisions.approve(incident.id, BOB)
        house.loop.decisions.approve(incident.id, YOU, hosts=["h2"])
        found = house.incident(incident.id)
        assert (found.state, found.reason) == (State.AWAITING_APPROVAL, "1 of 2 approvals are there (person:you)")
        house.loop.decisions.approve(incident.id, BOB)
        house.settle_down()
        assert [step.hosts for step in house.world.executed] == [("h2",)]


def test_other_parameters_make_another_plan_that_somebody_else_approves(house: House) -> None:
    incident = asked_about(house)
    made = house.loop.decisions.change(incident.id, ME, parameters={"service": "db"}, reason="web is in maintenance")
    assert made.steps[0].parameters == {"service": "db"}
    assert made.proposer == "person:me"
    assert made.reasons[-2:] == ("changed by person:me: service=web → db", "web is in maintenance")
    house.loop.engine.advance(incident.id)
    with pytest.raises(Refused, match="me asked for this, so somebody else has to approve it"):
        house.loop.decisions.approve(incident.id, ME)
    house.loop.decisions.approve(incident.id, YOU)
    house.settle_down()
    assert house.world.executed[0].parameters == {"service": "db"}


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"service": "sshd"}, "sshd"),
        ({"service": "{{ lookup('pipe', 'id') }}"}, "service="),
        ({"hosts": "all"}, "unknown parameter"),
        ({"service": None}, "service"),
    ],
)
def test_parameters_stay_within_the_schema(house: House, parameters: dict[str, object], words: str) -> None:
    incident = asked_about(house)
    with pytest.raises(Refused, match=words):
        house.loop.decisions.change(incident.id, ME, parameters=parameters)
    assert house.incident(incident.id) == incident


def test_a_change_that_changes_nothing_is_no_change(house: House) -> None:
    with pytest.raises(BadInput, match="nothing would be changed"):
        house.loop.decisions.change(asked_about(house).id, ME, parameters={"service": "web"})
