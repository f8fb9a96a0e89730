"""A dependency that is down takes the blame: what depends on it is not mended before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.fleets import Host
from core.severity import Severity
from core.states import State
from fleets.dependencies import Dependency, dependencies_of
from tests.planning import make_fleet
from tests.world import AUTO, House, open_house

SERVICES = {"web": {}, "db": {}}
CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING


def host(name: str, *needs: str) -> Host:
    variables: dict[str, Any] = {"fleetmend_services": SERVICES}
    return Host(
        name=name, groups=("all",), variables=variables | ({"fleetmend_depends_on": list(needs)} if needs else {})
    )


CHAIN = (host("web1", "app1"), host("app1", "db1/db"), host("db1"), host("other"))


def test_dependencies_are_followed_through_others() -> None:
    fleet = make_fleet(*CHAIN)
    assert dependencies_of(fleet, "web1") == (Dependency("app1", None), Dependency("db1", "db"))
    assert dependencies_of(fleet, "db1") == ()


@pytest.mark.parametrize(
    "hosts",
    [
        (host("a", "b"), host("b", "a")),
        (host("a", "a"),),
        (host("a", "gone"),),
        (host("a", "b"), host("b", "c"), host("c", "a")),
    ],
)
def test_who_needs_each_other_blames_nobody(hosts: tuple[Host, ...]) -> None:
    assert dependencies_of(make_fleet(*hosts), "a") == ()


def both(house: House, **cause: Any) -> tuple[str, str]:
    effect = house.report(host="web1")
    reason = house.report(**({"host": "db1", "subject": "db", "service": "db", "severity": CRITICAL} | cause))
    return effect.id, reason.id


@pytest.mark.parametrize(
    ("cause", "waits"),
    [
        ({}, True),
        ({"severity": WARNING}, False),
        ({"subject": "web", "service": "web"}, False),
        ({"host": "other"}, False),
        ({"host": "app1", "subject": "web", "service": "web"}, True),
    ],
)
def test_it_waits_for_what_it_depends_on(tmp_path: Path, cause: dict[str, Any], waits: bool) -> None:
    with open_house(tmp_path, hosts=CHAIN, **AUTO) as house:
        effect, reason = both(house, **cause)
        house.loop.engine.advance(effect)
        found = house.incident(effect)
        assert (found.state is State.OPEN) == waits
        if waits:
            assert f"waits for {reason}" in found.reason


def test_once_the_dependency_is_mended_the_rest_is_looked_at(tmp_path: Path) -> None:
    with open_house(tmp_path, hosts=CHAIN, **AUTO) as house:
        effect, reason = both(house)
        house.settle_down()
        assert [step.hosts for step in house.world.executed] == [("db1",), ("web1",)]
        assert house.incident(effect).state is house.incident(reason).state is State.RESOLVED
