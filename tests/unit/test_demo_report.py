"""The report: what came of each fault, out of the store, and when it counts as healed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from cli.demo.gather import make_report
from cli.demo.panels import print_report
from cli.demo.report import Broken, Planner, Report
from cli.demo.rows import Rows
from core.states import State
from tests.world import House, open_house

PLANNER = Planner(used="rules", why="it was asked for")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as opened:
        yield opened


def broken(house: House, *, still_there: bool = False, host: str = "h1") -> Broken:
    return Broken(
        name="killed_service",
        host=host,
        symptom="service_down",
        subject="web",
        words="it was killed",
        put_in_at=house.clock.now() - timedelta(seconds=3),
        still_there=still_there,
    )


def report(house: House, *faults: Broken) -> Report:
    return make_report(house.loop, faults, PLANNER, seconds=30.0)


def test_a_healed_fault_is_told_from_detection_to_lesson(house: House) -> None:
    fault = broken(house)
    incident = house.healed(evidence={"sample": "service.up", "value": 0.0, "below": 1.0})
    made = report(house, fault)
    assert made.ok
    assert made.healed == 1
    assert made.journal.violation is None
    [story] = made.faults
    assert (story.healed, story.incident, story.state, story.verdict) == (True, incident.id, "resolved", "healed")
    assert story.detected is not None
    assert story.detected.evidence == "service.up is 0 (alarm below 1)"
    assert story.planned is not None
    assert story.planned.remedies == ("restart",)
    assert story.planned.reasons
    assert story.approved is not None
    assert story.approved.by == "policy"
    assert [run.remedy for run in story.runs] == ["restart"]
    assert story.learnt == ("restart healed service_down 1 of 1 times in demo, within 0.0 s of its run",)
    took = story.seconds
    assert (took.detected, took.run, took.total) == (3.0, 0.0, 33.0)
    assert took.verified == 30.0


def test_a_verdict_is_not_enough_while_the_fault_is_still_seen(house: House) -> None:
    fault = broken(house, still_there=True)
    house.healed()
    made = report(house, fault)
    assert not made.ok
    assert made.faults[0].verdict == "healed"
    assert not made.faults[0].healed


def test_gone_is_not_enough_without_a_verdict(house: House) -> None:
    fault = broken(house)
    house.world.cures = {}
    house.healed()
    [story] = report(house, fault).faults
    assert (story.healed, story.state, story.verdict) == (False, "escalated", "not_healed")
    assert [run.remedy for run in story.runs] == ["restart", "repair"]
    assert "no alternative is left" in story.reason


def test_a_fault_that_nobody_saw(house: House) -> None:
    house.healed(host="h2")
    made = report(house, broken(house))
    assert not made.ok
    assert made.faults[0].reason == "it was not detected"
    assert [aside.title for aside in made.asides] == ["service_down web on h2"]


def test_what_was_folded_in_is_named(house: House) -> None:
    fault = broken(house)
    house.report()
    house.report(symptom="http_unhealthy")
    house.world.broken.clear()
    house.settle_down()
    [story] = report(house, fault).faults
    assert story.detected is not None
    assert story.detected.folded == ("http_unhealthy web",)


def test_it_can_be_read_and_parsed(house: House) -> None:
    fault, unseen = broken(house), broken(house, host="h3", still_there=True)
    house.healed()
    made = report(house, fault, unseen)
    assert Report.model_validate_json(made.model_dump_json()) == made
    console = Console(file=io.StringIO(), width=100)
    print_report(console, made)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "1. killed service on h1: healed" in text
    assert "2. killed service on h3: NOT healed" in text
    assert "1 of 2 faults were measured as healed, in 30 s." in text


def test_rows_follow_an_incident(house: House) -> None:
    rows = Rows(house.loop.context.store)
    opened = house.report()
    [row] = rows.look(house.clock.now())
    assert (row.host, row.problem, row.state, row.remedy) == ("h1", "service_down web", State.OPEN, "")
    house.settle_down()
    house.clock.advance(timedelta(hours=1))
    [row] = rows.look(house.clock.now())
    assert (row.incident_id, row.state, row.remedy) == (opened.id, State.RESOLVED, "restart")
    assert row.progress.startswith("measured clear")
    assert row.age == 30.0
