"""Law 3 once more, just before the run: the incident is gone, the rules for its values are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from catalog.load import load_catalog
from core.errors import Refused
from core.fleets import Fleet, FleetFile, Host
from core.plans import Step
from core.settings import CHECKOUT
from runner.job import Job
from runner.staging import checked_parameters

GOOD = {"process": "jobs", "pid": 4711, "started": 100, "command_digest": "ab" * 32}
REMEDY = load_catalog(CHECKOUT).remedy("process_stop")
FLEET = Fleet(
    name="lab",
    folder=Path("lab"),
    file=FleetFile(),
    hosts=(Host(name="h1", variables={"fleetmend_processes": {"jobs": {"match": "x"}}}),),
    policy_digest="p",
)


def step(**changes: Any) -> Step:
    return Step(remedy=REMEDY.id, digest=REMEDY.digest, parameters=GOOD | changes, hosts=("h1",))


def test_values_that_came_from_the_evidence_pass_without_it() -> None:
    assert checked_parameters(FLEET, step(), REMEDY).items() >= GOOD.items()


@pytest.mark.parametrize(
    "changes",
    [
        {"pid": 1},
        {"pid": "4711"},
        {"started": -1},
        {"command_digest": "{{ lookup('pipe', 'id') }}"},
        {"command_digest": "ab" * 32 + "\n"},
        {"process": "others"},
        {"grace": 61},
        {"more": "x"},
    ],
    ids=str,
)
def test_values_that_do_not_fit_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        checked_parameters(FLEET, step(**changes), REMEDY)


def test_no_job_can_be_made_without_a_host() -> None:
    with pytest.raises(Refused, match="name the hosts"):
        Job(
            run_id="run-1",
            folder=Path("x"),
            playbook=Path("x"),
            inventory=Path("x"),
            hosts=(),
            forks=1,
            timeout=1,
            environment={},
        )
