"""One process's life in a scenario: it takes up what an earlier one left, and acts until it is killed or done."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from catalog.vetting import vet
from core.settings import CHECKOUT
from store.counters import Counter as Count
from tests.crash.children import start, wait_for
from tests.crash.kills import Kill, Killer
from tests.crash.scenarios import Scenario
from tests.crash.stage import Stage, open_stage
from tests.unit.content import prove_all, write_shipped
from tests.world import write_content

_DONE = "done"
_USED = ("service_failed", "service_down", "http_unhealthy", "port_closed", "config_drift", "host_unreachable")
"""Symptoms that scenarios speak of, and those that explain them: reading all of them would take most of a life."""


@dataclass(frozen=True)
class Toll:
    """What the end of an incident's story looks like; all but the first three must be 0, and `violation` empty."""

    detections: int = 0
    runs: int = 0
    incidents: int = 0
    lost: int = 0
    repeated: int = 0
    stuck: int = 0
    violation: str = ""

    @property
    def bad(self) -> bool:
        return bool(self.lost or self.repeated or self.stuck or self.violation)


def prepare(folder: Path, scenario: Scenario, state: Path | None = None) -> None:
    """Content, database and keys for *scenario*: what is the same for all its cases. *state*: to be copied."""
    folder.mkdir(parents=True)
    if state is not None:
        shutil.copytree(state, folder / "state")
    write_content(folder / "content", **scenario.file)
    write_shipped(folder / "shipped", {name: symptom for name, symptom in _shipped_symptoms().items() if name in _USED})
    vet(folder / "content", shipped=folder / "shipped")
    prove_all(folder / "content", folder / "shipped")
    _in_child(lambda: _open(folder, scenario, Killer(), lambda _stage: None))


def live(folder: Path, scenario: Scenario, kill: Kill | None, *, takeover: bool = False) -> bool:
    """Act in a process of its own. True if it was killed, False if it came to its end. Raises if it failed.

    *takeover*: another worker goes on, which has to wait for the dead one's leases; else the same one starts again.
    """
    return _in_child(lambda: _act(folder, scenario, Killer(kill), takeover=takeover))


def passed(folder: Path) -> list[str]:
    """The points that the last life came by."""
    found: list[str] = json.loads((folder / "passed").read_text())
    return found


def toll_of(folder: Path) -> Toll:
    """What the life that came to its end found, when it compared the record with the store."""
    return Toll(**json.loads((folder / "toll").read_text()))


def _open(folder: Path, scenario: Scenario, killer: Killer, then: Callable[[Stage], None]) -> None:
    with open_stage(
        folder,
        killer,
        file=scenario.file,
        cures=scenario.cures,
        settings=scenario.settings,
        flaky=scenario.flaky,
    ) as stage:
        then(stage)


def _act(folder: Path, scenario: Scenario, killer: Killer, *, takeover: bool) -> None:
    def go(stage: Stage) -> None:
        context = stage.house.loop.context
        if takeover:
            stage.house.clock.advance(context.settings.lease * 2)
        else:
            context.store.leases.void_all()
        stage.world.in_run = lambda: scenario.in_run(stage)
        done = len(stage.record.lines(_DONE))
        for number, action in enumerate(scenario.actions[done:], done):
            action(stage)
            stage.record.write(_DONE, number=number)
        (folder / "passed").write_text(json.dumps(killer.passed))
        _write_toll(folder, stage)

    _open(folder, scenario, killer, go)


def _write_toll(folder: Path, stage: Stage) -> None:
    store = stage.house.loop.context.store
    incidents = store.incidents.newest(limit=1000)
    held = Counter(one.id for incident in incidents for one in store.detections.of(incident.id))
    answered = [line["detection"] for line in stage.record.lines("answered")]
    began = stage.record.lines("began")
    # Nobody asks twice for the same in any scenario, so that the same remedy with the same values is a repetition.
    runs = Counter(json.dumps([line["remedy"], line["hosts"], line["parameters"]]) for line in began)
    runs.update(line["run"] for line in began)
    proof = store.proof()
    toll = Toll(
        detections=len(answered),
        runs=len(began),
        incidents=len(incidents),
        lost=sum(held[detection] != 1 for detection in answered) - store.counters.of(Count.PRUNED_DETECTIONS),
        repeated=sum(count - 1 for count in runs.values()),
        stuck=sum(not incident.state.terminal for incident in incidents),
        violation=proof.violation or "",
    )
    (folder / "toll").write_text(json.dumps(asdict(toll)))


def _in_child(work: Callable[[], None]) -> bool:
    """Do *work* in a child. True if it was killed. Raises if it failed in another way."""
    return wait_for([start(work)])


def _shipped_symptoms() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHECKOUT / "catalog" / "symptoms.yml").read_text())
    return loaded


def copy_of(template: Path, folder: Path) -> Path:
    """A case of its own to kill."""
    shutil.copytree(template, folder)
    return folder
