"""What is worked on first: severity, then the importance that the inventory gives, then age."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.fleets import Host
from core.importance import importance_of, read_importance
from core.severity import Severity
from tests import world
from tests.world import House, open_house

HOSTS = (
    Host(name="h1", variables={"fleetmend_services": {"web": {"importance": 5}, "db": {}}, "fleetmend_importance": 80}),
    Host(name="h2", variables={"fleetmend_services": {"web": {}, "db": {}}, "fleetmend_importance": "20"}),
    Host(name="h3", variables={"fleetmend_services": {"web": {}, "db": {"importance": 100}}}),
)


@pytest.fixture(autouse=True)
def hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "HOSTS", HOSTS)


@pytest.mark.parametrize(
    ("host", "service", "expected"),
    [(0, "web", 5), (0, "db", 80), (0, None, 80), (1, "web", 20), (2, "db", 100), (2, "web", 50), (2, "other", 50)],
)
def test_a_service_counts_before_its_host(host: int, service: str | None, expected: int) -> None:
    assert importance_of(HOSTS[host], service) == expected


@pytest.mark.parametrize("said", [None, True, -1, 101, "high", 1.5, "", [], "٣٠٠"])
def test_what_is_no_importance_counts_as_none(said: Any) -> None:
    assert read_importance(said) is None


def report(house: House, host: str, name: str, severity: Severity = Severity.WARNING) -> str:
    house.clock.advance(timedelta(seconds=1))
    return house.report(host=host, subject=name, service=name, severity=severity).id


def test_the_most_important_is_taken_first_whoever_was_rung_for(tmp_path: Path) -> None:
    with open_house(tmp_path, mode="approve") as house:
        by_host = [report(house, host, "web") for host in ("h1", "h2", "h3")]
        service = report(house, "h3", "db")
        critical = report(house, "h1", "db", Severity.CRITICAL)
        order = [house.loop.engine.advance_next() for _ in range(5)]
        h1, h2, h3 = by_host
        assert order == [critical, service, h3, h2, h1]
        assert house.loop.engine.advance_next() is None


def test_a_critical_one_does_not_wait_behind_a_hundred(tmp_path: Path) -> None:
    with open_house(tmp_path, mode="observe") as house:
        for number in range(100):
            report(house, "h2", f"s{number}")
        critical = report(house, "h2", "web", Severity.CRITICAL)
        assert house.loop.engine.advance_next() == critical


def test_age_decides_among_equals_and_a_held_one_is_left_out(tmp_path: Path) -> None:
    with open_house(tmp_path, mode="observe") as house:
        first, second = report(house, "h2", "a"), report(house, "h2", "b")
        store = house.loop.context.store
        lease = store.leases.take_now(f"incident:{first}", "somebody", timedelta(minutes=5))
        assert house.loop.engine.advance_next() == second
        assert lease is not None
        store.leases.release_now([lease])
        assert house.loop.engine.advance_next() == first
