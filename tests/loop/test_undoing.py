"""Taking back what was done: an undo is a request like any other, with the parameters that both remedies have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.vetting import vet
from core.errors import Conflict, NotFound, Refused
from core.incidents import Incident
from core.states import State
from tests.cli_runs import Cli, empty_place
from tests.people import ADA, BOB
from tests.unit.content import SERVICE_OPTION, prove_all, write_remedy, write_shipped
from tests.world import AUTO, House, World, open_house, write_content

ADDRESS = {"type": "str", "required": True, "description": "The address that was measured."}
GRACE = {"type": "int", "default": 5, "description": "Seconds."}
PARAMETERS = {"service": {"from": "fleetmend_services"}, "address": {"evidence": "address"}}
SYMPTOMS = {"service_down": {"title": "A service is down"}, "attacked": {"title": "Somebody tries to get in"}}


def write_pair(content: Path) -> None:
    """`shut` treats `attacked`; `open_up` takes it back. Each has a parameter that the other lacks."""
    grace = {"grace": {"minimum": 0, "maximum": 60}}
    write_remedy(
        content,
        "shut",
        options={"service": SERVICE_OPTION, "address": ADDRESS, "grace": GRACE},
        card={"treats": ["attacked"], "parameters": PARAMETERS | grace, "undo": "open_up"},
    )
    slow = {"type": "bool", "default": False, "description": "Slowly."}
    write_remedy(
        content,
        "open_up",
        options={"service": SERVICE_OPTION, "address": ADDRESS, "slow": slow},
        card={"treats": [], "parameters": PARAMETERS | {"slow": {}}},
    )


def open_with_undo(folder: Path, **file: Any):
    content, shipped = folder / "content", folder / "shipped"
    write_content(content, **(file or AUTO))
    write_pair(content)
    write_shipped(shipped, SYMPTOMS | {"port_closed": {"title": "A port is closed"}})
    vet(content, shipped=shipped)
    prove_all(content, shipped)
    return open_house(folder, world=World(cures={"shut": {"attacked"}, "restart": {"service_down"}}))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_with_undo(tmp_path) as opened:
        yield opened


def shut(house: House) -> Incident:
    """Somebody tries to get in at web, and is shut out."""
    healed = house.healed(symptom="attacked", service="web", evidence={"address": "10.9.9.9"})
    assert healed.state is State.RESOLVED, healed.reason
    return healed


def test_an_undo_takes_the_parameters_that_both_have_and_the_evidence_that_pins_them(house: House) -> None:
    healed = shut(house)
    asked = house.loop.desk.undo(healed.id, ADA)
    assert asked.request is not None
    assert (asked.request.remedy, asked.request.undoes, asked.request.by) == ("open_up", healed.id, "person:ada")
    house.settle_down()
    done = house.incident(asked.id)
    assert done.state is State.RESOLVED, done.reason
    step = house.world.executed[-1]
    assert (step.remedy, step.hosts) == ("open_up", ("h1",))
    assert step.parameters == {"service": "web", "address": "10.9.9.9", "slow": False}


def test_the_same_undo_is_asked_for_once_at_a_time_and_may_be_asked_for_again(house: House) -> None:
    healed = shut(house)
    house.loop.desk.undo(healed.id, ADA)
    with pytest.raises(Conflict, match="still under way"):
        house.loop.desk.undo(healed.id, BOB)
    house.settle_down()
    house.loop.desk.undo(healed.id, BOB)
    house.settle_down()
    assert [step.remedy for step in house.world.executed] == ["shut", "open_up", "open_up"]


def test_an_undo_is_under_the_policy_of_the_fleet(tmp_path: Path) -> None:
    with open_with_undo(tmp_path) as house:
        healed = shut(house)
        house.rewrite_fleet(mode="auto", policy={"never": ["open_up"]})
        asked = house.loop.desk.undo(healed.id, ADA)
        house.settle_down()
        assert house.incident(asked.id).state is State.ESCALATED
        assert "policy.never" in house.incident(asked.id).reason
        assert [step.remedy for step in house.world.executed] == ["shut"]


def test_what_has_no_undo_can_t_be_taken_back(house: House) -> None:
    healed = house.healed()
    with pytest.raises(Refused, match="the card of restart names no undo; it can't be taken back"):
        house.loop.desk.undo(healed.id, ADA)


def test_what_is_still_worked_on_or_never_ran_can_t_be_taken_back(house: House) -> None:
    incident = house.report(symptom="attacked", service="web", evidence={"address": "10.9.9.9"})
    with pytest.raises(Conflict, match="is open: wait for its end"):
        house.loop.desk.undo(incident.id, ADA)
    gone = house.report(symptom="attacked", service="web", host="h2")  # no address: nothing fits, and nothing runs
    house.loop.engine.advance(gone.id)
    assert house.incident(gone.id).state is State.ESCALATED
    with pytest.raises(Conflict, match="nothing ran"):
        house.loop.desk.undo(gone.id, ADA)


def test_an_older_run_may_be_named(house: House) -> None:
    healed = shut(house)
    [run] = house.loop.context.store.runs.newest(incident_id=healed.id)
    house.loop.desk.undo(healed.id, ADA, run_id=run.id[-8:])
    other = house.healed(symptom="attacked", service="db", host="h3", evidence={"address": "10.9.9.8"})
    with pytest.raises(NotFound, match="has no run"):
        house.loop.desk.undo(other.id, ADA, run_id=run.id)


def test_the_command_line_asks_and_shows_what_it_takes_back(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty_place(tmp_path / "unused", monkeypatch)
    monkeypatch.setenv("LOGNAME", "ada")
    cli = Cli(capsys, house)
    healed, restarted = shut(house), house.healed()
    said = cli.ok("undo", healed.id[-8:], "--no-wait")
    [asked] = [one for one in house.loop.context.store.incidents.newest() if one.request is not None]
    assert said == f"asked: {asked.id}; `fleetmend plan {asked.id}` shows the plan\n"
    house.settle_down()
    told = cli.ok("incident", asked.id)
    assert "Asked for by person:ada" in told
    assert f"undoes  {healed.id}" in told
    assert "open_up service=web address=10.9.9.9 slow=False on h1" in told
    refused = cli("undo", restarted.id)
    assert (refused.code, refused.err.count("\n")) == (3, 1)
    assert "the card of restart names no undo" in refused.err
    assert cli("undo", healed.id, "--run", "run-nowhere").code == 4
