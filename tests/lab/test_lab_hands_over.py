"""What no remedy can heal goes to people, whatever is approved on the way, and nothing is made worse."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.source import CatalogSource
from core.incidents import Incident
from core.runs import RunStatus
from core.settings import CHECKOUT
from core.states import State
from lab.faults import read_faults
from lab.lab import Lab
from lab.proving.bench import LabBench
from lab.proving.collateral import Declared, left_at_the_end
from lab.proving.driver import Driver, Failed
from lab.proving.place import lay_out, settings_for
from lab.proving.scenario import Scenario
from loop.wiring import wire
from tests.lab.labs import real

pytestmark = real
FAULTS = read_faults()
HOPELESS = {
    "service_unstartable": "still fires",
    "python_gone": "",
    "sudo_wants_password": "",
    "host_cut_off": "",
}
"""fault -> what the incident has to say when people take it over."""
_MOST_PLANS = 4


@pytest.fixture(scope="module")
def bench(lab: Lab) -> LabBench:
    return LabBench(lab, FAULTS)


@pytest.fixture
def driver(lab: Lab, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Driver]:
    """A loop over the lab's fleet, which watches for the fault's symptom."""
    source, scenario = CatalogSource(CHECKOUT), scenario_of(request.getfixturevalue("fault"))
    lay_out(tmp_path, lab.content, scenario, source.current())
    loop = wire(settings_for(tmp_path), catalog=source)
    yield Driver(loop, time.sleep)
    loop.close()


def scenario_of(fault: str) -> Scenario:
    file = FAULTS[fault].file
    return Scenario.model_validate(
        {
            "name": fault,
            "title": file.title,
            "remedy": "service_restart",
            "fault": fault,
            "host": "web1",
            "detected": {"symptom": file.symptom, "subject": file.subject},
            "healed": [{"ssh": {"host": "lb1", "run": ["true"]}}],
            "verify": {"within": "10s", "hold": "1s"},
        }
    )


def taken_over(driver: Driver, incident: Incident) -> Incident:
    """Say yes to everything, until people have to take over."""
    store = driver.loop.context.store
    for _ in range(_MOST_PLANS):
        try:
            plan = driver.plan(incident)
        except Failed:
            break  # there is no plan (any more)
        try:
            driver.carry_out(incident, plan)
        except Failed:
            assert store.runs.newest(incident_id=incident.id)[0].status is not RunStatus.SUCCESSFUL
    return store.incidents.get(incident.id)


@pytest.mark.parametrize("fault", HOPELESS)
def test_people_take_over_and_nothing_is_worse(lab: Lab, bench: LabBench, driver: Driver, fault: str) -> None:
    scenario = scenario_of(fault)
    assert scenario.detected is not None
    assert driver.until(driver.unwell, 120) is None
    start = bench.snapshot()
    try:
        bench.break_(fault, "web1")
        ended = taken_over(driver, driver.detect("web1", scenario.detected))
        assert ended.state is State.ESCALATED, ended.reason
        assert HOPELESS[fault] in ended.reason
    finally:
        bench.mend(fault, "web1")
    assert driver.until(driver.unwell, 120) is None
    nothing = Declared((), "web1")

    def changed() -> str | None:
        return "; ".join(map(str, left_at_the_end(start, bench.snapshot(), nothing, "web1"))) or None

    assert driver.until(changed, 60) is None
