"""The loop closes: detect, plan, approve, run, verify, learn; and when a fix does not heal, what happens next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from catalog.vetting import vet
from core.incidents import Request
from core.outcomes import Verdict
from core.runs import RunStatus
from core.states import State
from tests.people import ME
from tests.unit.content import prove_all, write_remedy
from tests.world import AUTO, House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as opened:
        yield opened


def test_a_fault_is_healed_measured_and_remembered(house: House) -> None:
    incident = house.healed()
    assert incident.state is State.RESOLVED
    assert "healed by restart service=web on h1" in incident.reason
    [outcome] = house.loop.context.store.outcomes.newest()
    assert (outcome.verdict, outcome.remedy, outcome.heal_seconds) == (Verdict.HEALED, "restart", 0)
    assert house.loop.memory.lessons("demo", "service_down")["restart"].healed == 1
    assert house.loop.context.store.proof().violation is None
    assert house.loop.context.store.leases.held() == []


def test_the_next_alternative_is_tried_when_the_first_does_not_heal(house: House) -> None:
    house.world.cures = {"repair": {"service_down"}}
    incident = house.healed()
    assert [step.remedy for step in house.world.executed] == ["restart", "repair"]
    assert incident.state is State.RESOLVED
    assert [one.verdict for one in house.loop.context.store.outcomes.newest()] == [Verdict.HEALED, Verdict.NOT_HEALED]


def test_what_worked_before_comes_first_the_next_time(house: House) -> None:
    house.world.cures = {"repair": {"service_down"}}
    house.healed()
    house.clock.advance(timedelta(minutes=1))
    house.world.executed.clear()
    house.healed(host="h2")
    assert [step.remedy for step in house.world.executed] == ["repair"]


def test_people_take_over_when_nothing_heals(house: House) -> None:
    house.world.cures = {}
    incident = house.healed()
    assert incident.state is State.ESCALATED
    assert "no alternative is left" in incident.reason
    tried = [step.remedy for step in house.world.executed]
    assert len(tried) == len(set(tried))


def test_a_failed_run_is_never_hidden(house: House) -> None:
    house.world.result = RunStatus.FAILED
    incident = house.healed()
    assert incident.state is State.ESCALATED
    assert "the task failed" in incident.reason


def test_a_fix_that_does_not_hold_is_no_fix(house: House) -> None:
    incident = house.report()
    house.loop.engine.advance(incident.id)
    assert house.incident(incident.id).state is State.VERIFYING
    house.world.cures = {}
    house.world.break_it(house.loop.context.store.detections.of(incident.id)[0])
    house.settle_down()
    assert house.incident(incident.id).state is State.ESCALATED


def test_a_symptom_that_is_folded_in_has_to_clear_too(house: House) -> None:
    incident = house.report()
    house.report(symptom="http_unhealthy")
    house.settle_down()
    assert house.incident(incident.id).state is State.ESCALATED
    assert "http_unhealthy web on h1" in house.incident(incident.id).reason


def test_an_effect_waits_for_its_cause(house: House) -> None:
    effect = house.report(symptom="http_unhealthy")
    cause = house.report()
    house.loop.engine.advance(effect.id)
    assert cause.id in house.incident(effect.id).reason
    assert house.incident(effect.id).state is State.OPEN


@pytest.mark.parametrize(
    ("file", "state"),
    [
        ({"mode": "observe"}, State.OPEN),
        ({"mode": "suggest"}, State.PLANNED),
        ({"mode": "approve"}, State.AWAITING_APPROVAL),
        ({"mode": "auto", "policy": {"never": ["restart", "repair"]}}, State.ESCALATED),
        ({"mode": "auto", "policy": {"auto": {"confidence": 1.0}}}, State.AWAITING_APPROVAL),
        ({"mode": "auto", "budget": {"stop_when_unhealthy": "10%"}}, State.AWAITING_APPROVAL),
    ],
)
def test_modes_and_policy_decide_how_far_it_goes(tmp_path: Path, file: dict[str, object], state: State) -> None:
    with open_house(tmp_path, **file) as house:
        incident = house.report()
        house.loop.engine.advance(incident.id)
        assert house.incident(incident.id).state is state, house.incident(incident.id).reason
        assert house.world.executed == []


def test_nothing_starts_while_paused(house: House) -> None:
    house.loop.context.store.pauses.pause("*", "person:me", "maintenance")
    incident = house.report()
    house.loop.engine.advance(incident.id)
    assert house.incident(incident.id).state is State.APPROVED
    assert "maintenance" in house.incident(incident.id).reason
    house.loop.context.store.pauses.resume("*", "person:me")
    house.settle_down()
    assert house.incident(incident.id).state is State.RESOLVED


def test_two_runs_never_meet_on_one_host(tmp_path: Path) -> None:
    with open_house(tmp_path, **AUTO, budget={"concurrent_runs": 9}) as house:
        first, second = house.report(), house.report(subject="db", service="db")
        house.world.while_running = lambda _step: house.loop.engine.advance(second.id)
        house.loop.engine.advance(first.id)
        assert house.incident(second.id).state is State.APPROVED
        assert "another run is under way on h1" in house.incident(second.id).reason


def test_a_full_budget_means_wait(tmp_path: Path) -> None:
    with open_house(tmp_path, **AUTO, budget={"hosts_per_hour": 1}) as house:
        house.healed()
        second = house.report(host="h2")
        house.loop.engine.advance(second.id)
        assert house.incident(second.id).state is State.APPROVED
        assert "hosts an hour" in house.incident(second.id).reason


def test_cooldown_asks_a_person(tmp_path: Path) -> None:
    with open_house(tmp_path, **(AUTO | {"cooldown": "10m"})) as house:
        house.healed()
        house.clock.advance(timedelta(seconds=1))
        again = house.report()
        house.loop.engine.advance(again.id)
        assert house.incident(again.id).state is State.AWAITING_APPROVAL
        assert "cooldown" in house.incident(again.id).reason


def test_a_cancelled_run_goes_to_people(house: House) -> None:
    store = house.loop.context.store

    def cancel(_step: object) -> None:
        house.loop.desk.cancel(store.runs.newest(open_only=True)[0].id, ME)

    house.world.while_running = cancel
    incident = house.healed()
    assert incident.state is State.ESCALATED
    assert "cancelled by person:me" in incident.reason


def test_a_request_runs_under_the_same_policy(house: House) -> None:
    request = Request(by="schedule:nightly", remedy="restart", hosts=("h2",), parameters={"service": "db"})
    incident = house.loop.intake.request("demo", "h2", "schedule:nightly", request)
    house.settle_down()
    assert house.incident(incident.id).state is State.RESOLVED
    assert house.world.executed[0].parameters == {"service": "db"}
    assert house.loop.memory.lessons("demo", "requested") == {}


@pytest.mark.parametrize("value", ["{{ 1 }}", "web\n", "-web", "@web", "other"])
def test_an_unfit_parameter_is_refused_and_journalled(house: House, value: str) -> None:
    request = Request(by="person:me", remedy="restart", hosts=("h1",), parameters={"service": value})
    incident = house.loop.intake.request("demo", "h1", "ask-1", request)
    house.settle_down()
    assert house.incident(incident.id).state is State.ESCALATED
    assert house.journal("proposal.refused")
    assert house.world.executed == []


def test_a_change_of_mode_takes_up_what_waits(tmp_path: Path) -> None:
    with open_house(tmp_path, mode="observe") as house:
        incident = house.report()
        house.settle_down(timedelta(seconds=10))
        assert house.incident(incident.id).state is State.OPEN
        house.rewrite_fleet(mode="suggest")
        house.settle_down(timedelta(minutes=1))
        assert house.incident(incident.id).state is State.PLANNED
        rulings = len(house.journal("policy.ruled"))
        house.settle_down(timedelta(minutes=5))
        assert len(house.journal("policy.ruled")) == rulings
        house.rewrite_fleet(**AUTO)
        house.settle_down()
        assert house.incident(incident.id).state is State.RESOLVED


def test_what_only_looked_has_healed_nothing(tmp_path: Path) -> None:
    """Somebody mends it by hand while the incident is looked into: that is no lesson about the remedy that looked."""
    with open_house(tmp_path) as house:
        for name in ("restart", "repair"):
            (house.content / "playbooks" / f"{name}.remedy.yml").unlink()
        write_remedy(house.content, "look", card={"read_only": True})
        vet(house.content, shipped=tmp_path / "shipped")
        prove_all(house.content, tmp_path / "shipped")
        house.world.while_running = lambda _step: house.world.broken.clear()
        incident = house.healed()
        assert incident.state is State.RESOLVED
        assert "cleared by itself, or by other hands" in incident.reason
        [outcome] = house.loop.context.store.outcomes.newest()
        assert (outcome.verdict, outcome.remedy) == (Verdict.UNKNOWN, "look")
        assert house.loop.memory.lessons("demo", "service_down") == {}
