"""One process's life in a scenario: it takes up what an earlier one left, and acts until it is killed or done."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from catalog.vetting import vet
from core.settings import CHECKOUT
from store.sealing import PRUNED
from tests.crash.children import start, wait_for
from tests.crash.kills import Kill, Killer
from tests.crash.places import Ground, Place
from tests.crash.scenarios import Scenario
from tests.crash.stage import Stage, open_stage
from tests.unit.content import prove_all, write_shipped
from tests.world import write_content, write_fleet

_DONE = "done"
_SPOKEN_OF = ("service_down", "http_unhealthy", "port_closed", "config_drift")
"""Symptoms of the scenarios: reading all that there are would take most of a life."""


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


def lay_out(ground: Ground, name: str) -> Place:
    """A place with content, an empty database and keys: what is the same for all scenarios."""
    place, scenario, shipped = ground.new(name), Scenario(actions=()), _shipped_symptoms()
    write_content(place.folder / "content", **scenario.file)
    write_shipped(
        place.folder / "shipped", {name: symptom for name, symptom in shipped.items() if name in with_causes(shipped)}
    )
    vet(place.folder / "content", shipped=place.folder / "shipped")
    prove_all(place.folder / "content", place.folder / "shipped")
    wait_for([start(lambda: _open(place, scenario, Killer(), lambda _stage: None))])
    ground.settle(place)
    return place


def prepare(ground: Ground, common: Place, scenario: Scenario, name: str) -> Place:
    """A place for *scenario*: what is the same for all its cases, which are copies of it."""
    place = ground.copy(common, name)
    write_fleet(place.folder / "content", **scenario.file)
    if scenario.dies:
        assert live(ground, place, scenario, None), "the first process was to die"
    return place


def live(ground: Ground, place: Place, scenario: Scenario, kill: Kill | None, *, takeover: bool = False) -> bool:
    """Act in a process of its own. True if it was killed, False if it came to its end. Raises if it failed.

    *takeover*: another worker goes on, which has to wait for the dead one's leases; else the same one starts again.
    """
    killed = wait_for([start(lambda: _act(place, scenario, Killer(kill), takeover=takeover))])
    ground.settle(place)
    return killed


def passed(place: Place) -> list[str]:
    """The points that the last life came by."""
    found: list[str] = json.loads((place.folder / "passed").read_text())
    return found


def toll_of(place: Place) -> Toll:
    """What the life that came to its end found, when it compared the record with the store."""
    return Toll(**json.loads((place.folder / "toll").read_text()))


def _open(place: Place, scenario: Scenario, killer: Killer, then: Callable[[Stage], None]) -> None:
    with open_stage(
        place.folder,
        killer,
        file=scenario.file,
        cures=scenario.cures,
        settings={"database_url": place.url, **scenario.settings},
        flaky=scenario.flaky,
    ) as stage:
        then(stage)


def _act(place: Place, scenario: Scenario, killer: Killer, *, takeover: bool) -> None:
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
        (place.folder / "passed").write_text(json.dumps(killer.passed))
        _write_toll(place, stage)

    _open(place, scenario, killer, go)


def _write_toll(place: Place, stage: Stage) -> None:
    store = stage.house.loop.context.store
    incidents = store.incidents.newest(limit=1000)
    held = Counter(one.id for incident in incidents for one in store.detections.of(incident.id))
    answered = stage.record.lines("answered")
    pruned = {entry.incident_id for entry in store.journal.entries() if entry.kind == PRUNED}
    began = stage.record.lines("began")
    # Nobody asks twice for the same in any scenario, so that the same remedy with the same values is a repetition.
    runs = Counter(json.dumps([line["remedy"], line["hosts"], line["parameters"]]) for line in began)
    runs.update(line["run"] for line in began)
    proof = store.proof()
    toll = Toll(
        detections=len(answered),
        runs=len(began),
        incidents=len(incidents),
        lost=sum(held[line["detection"]] != 1 and line["incident"] not in pruned for line in answered),
        repeated=sum(count - 1 for count in runs.values()),
        stuck=sum(not incident.state.terminal for incident in incidents),
        violation=proof.violation or "",
    )
    (place.folder / "toll").write_text(json.dumps(asdict(toll)))


def with_causes(shipped: dict[str, Any]) -> set[str]:
    """The symptoms of the scenarios, and all that explain them."""
    found, waiting = set(), list(_SPOKEN_OF)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += shipped[name].get("explained_by", ())
    return found


def _shipped_symptoms() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHECKOUT / "catalog" / "symptoms.yml").read_text())
    return loaded
