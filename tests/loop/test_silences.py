"""Silences and maintenance suppress, visibly, and what is still wrong afterwards opens an incident."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, NotFound, Refused
from core.people import Access, Grant, Role
from core.silences import Maintenance
from core.states import State
from tests.hooks import Door, alert, group, open_door
from tests.people import ADA
from tests.stores import detection
from tests.world import AUTO

HOUR = timedelta(hours=1)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path) as one:
        yield one


def report(door: Door, **changes: Any) -> None:
    door.house.loop.intake.accept([detection(door.house.clock, **changes)])


def silence(door: Door, **scope: Any) -> Any:
    return door.house.loop.silencing.silence("demo", ADA, "new kernel", lasts=HOUR, **scope)


def test_what_is_silenced_opens_no_plan_and_says_why(door: Door) -> None:
    made = silence(door, host="h1")
    report(door)
    report(door)
    report(door, host="h2")
    door.house.settle_down(timedelta(minutes=5))
    found = {one.host: one for one in door.incidents()}
    assert (found["h1"].state, found["h2"].state) == (State.SUPPRESSED, State.RESOLVED)
    assert made.id in found["h1"].reason
    assert "new kernel" in found["h1"].reason
    assert [step.hosts for step in door.house.world.executed] == [("h2",)]
    [listed] = door.house.loop.context.store.silences.newest(in_force=True)
    assert listed.suppressed == 1
    assert door.house.loop.context.store.detections.count() == 3
    door.holds_together()


def test_what_waits_already_is_suppressed_too(tmp_path: Path) -> None:
    with open_door(tmp_path, mode="suggest") as door:
        report(door)
        door.house.settle_down()
        assert door.incident().state is State.PLANNED
        assert silence(door, symptom="service_down", subject="web").suppressed == 1
        assert door.incident().state is State.SUPPRESSED
        door.holds_together()


@pytest.mark.parametrize("early", [True, False])
def test_an_alert_that_fires_still_opens_an_incident_afterwards(early: bool, door: Door) -> None:
    made = silence(door)
    door.send(group(alert()))
    door.send(group(alert()))
    assert [one.state for one in door.incidents()] == [State.SUPPRESSED]
    door.house.loop.outside.look_now()
    assert len(door.incidents()) == 1
    if early:
        door.house.loop.silencing.end(made.id[-6:], ADA)
    else:
        door.house.clock.advance(HOUR)
    door.house.loop.outside.look_now()
    assert sorted(one.state for one in door.incidents()) == [State.OPEN, State.SUPPRESSED]
    door.holds_together()


def test_an_alert_that_is_over_by_then_opens_none(door: Door) -> None:
    silence(door)
    door.send(group(alert()))
    door.send(group(alert(status="resolved", endsAt="2026-01-01T00:30:00Z")))
    door.house.clock.advance(HOUR)
    door.house.loop.outside.look_now()
    assert [one.state for one in door.incidents()] == [State.SUPPRESSED]


def test_it_takes_an_operator_and_things_that_are_there(door: Door) -> None:
    viewer = Access(person="bob", grants=(Grant(role=Role.VIEWER),), via="token:bob")
    with pytest.raises(Refused, match="operator"):
        door.house.loop.silencing.silence("demo", viewer, "why not", lasts=HOUR)
    with pytest.raises(NotFound, match="no host 'h9'"):
        silence(door, host="h9")
    with pytest.raises(NotFound, match="no symptom"):
        silence(door, symptom="sadness")
    with pytest.raises(BadInput, match="lasts up to"):
        door.house.loop.silencing.silence("demo", ADA, "for ever", lasts=timedelta(days=400))


def test_maintenance_suppresses_what_it_is_about(tmp_path: Path) -> None:
    window = {"from": "23:00", "to": "02:00", "reason": "backups", "hosts": ["web"], "symptoms": ["service_down"]}
    with open_door(tmp_path, **(AUTO | {"maintenance": [window]})) as door:
        report(door)
        report(door, host="h3")
        report(door, symptom="port_closed")
        states = {(one.host, one.symptom): one.state for one in door.incidents()}
        assert states[("h1", "service_down")] is State.SUPPRESSED
        assert {state for key, state in states.items() if key != ("h1", "service_down")} == {State.OPEN}
        door.house.clock.advance(timedelta(hours=3))
        report(door)
        assert State.OPEN in {one.state for one in door.incidents() if one.host == "h1"}


CASES: list[tuple[dict[str, Any], str, str | None]] = [
    ({"from": "22:00", "to": "02:00"}, "2026-01-05T23:30:00", "2026-01-06T02:00:00"),
    ({"from": "22:00", "to": "02:00"}, "2026-01-05T01:30:00", "2026-01-05T02:00:00"),
    ({"from": "22:00", "to": "02:00"}, "2026-01-05T02:00:00", None),
    ({"from": "22:00", "to": "02:00", "days": ["sun"]}, "2026-01-05T01:00:00", "2026-01-05T02:00:00"),
    ({"from": "22:00", "to": "02:00", "days": ["mon"]}, "2026-01-05T01:00:00", None),
    ({"from": "22:00", "to": "23:00", "zone": "Europe/Berlin"}, "2026-07-05T20:30:00", "2026-07-05T21:00:00"),
    ({"from": "2026-01-05 10:00", "to": "2026-01-05 11:00"}, "2026-01-05T10:30:00", "2026-01-05T11:00:00"),
    ({"from": "2026-01-05 10:00", "to": "2026-01-05 11:00"}, "2026-01-05T11:00:00", None),
]


@pytest.mark.parametrize(("window", "now", "until"), CASES)
def test_when_a_window_is_open(window: dict[str, Any], now: str, until: str | None) -> None:
    found = Maintenance(reason="because", **window).until(datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == (None if until is None else datetime.fromisoformat(until).replace(tzinfo=UTC))


def test_an_alert_that_is_not_mapped_is_silenced_as_any_other(door: Door) -> None:
    silence(door, host="h1")
    door.send(group(alert("OurOwnThing")))
    assert (door.incident().symptom, door.incident().state) == ("unmapped", State.SUPPRESSED)
