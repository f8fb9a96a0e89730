"""A scenario played over the in-memory world: whatever does not hold fails it, in words, and the fault is mended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.vetting import vet
from core.detections import Signal
from core.errors import FleetmendError
from core.fleets import Host
from core.plans import Step
from core.runs import HostResult, RunEvent, RunResult, RunStatus
from core.samples import Sample
from lab.proving.driver import Driver, Failed
from lab.proving.scenario import Check, Scenario
from lab.proving.trial import Play
from tests.unit.content import SERVICE_OPTION, write_remedy, write_shipped
from tests.world import House, World, open_house, write_content

DOWN = Signal("h1", "service_down", "web")
HOSTS = [Host(name=name, groups=("all",), variables={"fleetmend_services": {"web": {}}}) for name in ("h1", "h2")]
FILE: dict[str, Any] = {
    "mode": "approve",
    "sweeps": [{"every": "5s", "probes": ["services"]}],
    "policy": {"require_proof": "never"},
    "cooldown": "0s",
}
SYMPTOMS = {
    "service_down": {"title": "Down", "probe": "services", "sample": "service.up", "below": 1},
    "port_closed": {"title": "A port is closed", "probe": "tcp", "sample": "tcp.up", "below": 1},
    "hacked": {"title": "Somebody got in"},
}
CURES = {"restart": {"service_down"}, "shut": {"hacked"}}


@dataclass
class Hosts(World):
    """The world, seen by sweeps, by the outside observer and by snapshots. `state` is what a snapshot shows."""

    state: dict[str, dict[str, dict[str, str]]] = field(
        default_factory=lambda: {"h1": {"file": {"/etc/x": "1"}}, "h2": {"file": {"/etc/x": "1"}}}
    )
    blind: bool = False
    """The outside observer sees nothing wrong, ever."""
    lying: bool = False
    """The probe says that it healed, and it did not."""
    writes: dict[str, str] = field(default_factory=dict)
    """host -> content that a run leaves in /etc/x there."""
    again: RunResult | None = None
    """What a second run comes to."""
    mended: int = 0
    told: str = "freed 3 MB"
    clock: Any = None

    def execute(self, run_id: str, fleet: Any, step: Step, frozen: Any, **callbacks: Any) -> RunResult:
        if self.again is not None and any(one.remedy == step.remedy for one in self.executed):
            return self.again
        truly = set(self.broken)
        result = super().execute(run_id, fleet, step, frozen, **callbacks)
        event = RunEvent(run_id=run_id, seq=1, at=self.clock.now(), kind="ok", host=step.hosts[0], detail=self.told)
        callbacks["on_event"](event)
        for host, content in self.writes.items():
            self.state[host] = {"file": {"/etc/x": content}}
        if step.remedy == "open_up":
            self.broken.add(Signal("h1", "hacked", ""))
        if self.lying:
            self.hidden = truly
        return result

    hidden: set[Signal] = field(default_factory=set)

    def measure(self, fleet: Any, *_asked: object) -> tuple[Sample, ...]:
        at = self.clock.now()
        samples = []
        for host in ("h1", "h2"):
            up = float(Signal(host, "service_down", "web") not in self.broken)
            samples.append(Sample(host=host, name="probe.ok", subject="services", value=1, at=at))
            samples.append(Sample(host=host, name="service.up", subject="web", value=up, at=at, service="web"))
        return tuple(samples)

    def snapshot(self) -> dict[str, dict[str, dict[str, str]]]:
        return {host: {kind: dict(values) for kind, values in kinds.items()} for host, kinds in self.state.items()}

    def look(self, check: Check) -> str | None:
        """`["well"]`: nothing is broken; `["ill"]`: something is."""
        ill = bool(self.broken | self.hidden) and not self.blind
        assert check.ssh is not None
        return None if ill == (check.ssh.run == ("ill",)) else "h1: not so"

    def break_(self, fault: str, host: str) -> None:
        if fault == "stubborn":
            raise FleetmendError("the script failed")
        self.broken.add(DOWN if fault == "down" else Signal(host, "hacked", ""))

    def mend(self, fault: str, host: str) -> None:
        self.mended += 1
        self.broken, self.hidden = set(), set()


def scenario(**given: Any) -> Scenario:
    sound = {
        "name": "web_down",
        "title": "A service that is down is started",
        "remedy": "restart",
        "fault": "down",
        "host": "h1",
        "detected": {"symptom": "service_down", "subject": "web", "within": "30s"},
        "healed": [{"ssh": {"host": "h2", "run": ["well"]}, "within": "5s"}],
    }
    return Scenario.model_validate(sound | given)


HACKED = {
    "remedy": "shut",
    "fault": "hacked",
    "detected": {"symptom": "hacked", "by": "outside"},
    "undo": {"holds": [{"ssh": {"host": "h2", "run": ["ill"]}, "within": "5s"}]},
}


@contextmanager
def stage(folder: Path, world: Hosts | None = None, **file: Any) -> Iterator[tuple[House, Hosts]]:
    content, shipped = folder / "content", folder / "shipped"
    write_content(content, **(FILE | file))
    options = {"service": SERVICE_OPTION | {"required": False, "default": "web"}}
    write_remedy(content, "shut", options=options, card={"treats": ["hacked"], "undo": "open_up"})
    write_remedy(content, "open_up", options=options, card={"treats": []})
    (content / "inventory" / "demo").rename(content / "inventory" / "lab")
    write_shipped(shipped, SYMPTOMS)
    vet(content, shipped=shipped)
    world = world or Hosts()
    world.cures = CURES
    with open_house(folder, world=world, hosts=HOSTS) as house:
        world.clock = house.clock
        object.__setattr__(house.loop.context, "sweeper", world)
        yield house, world


def play(house: House, world: Hosts, given: Scenario, undo: str | None = None):
    driver = Driver(house.loop, lambda seconds: house.clock.advance(timedelta(seconds=seconds)))
    said: list[str] = []
    return Play(given, world, driver, undo=undo, say=said.append).play(), said


def fails(tmp_path: Path, words: str, given: Scenario, world: Hosts | None = None, undo: str | None = None) -> Hosts:
    with stage(tmp_path, world) as (house, hosts):
        with pytest.raises(FleetmendError) as failed:
            play(house, hosts, given, undo)
        assert words in str(failed.value)
        return hosts


def test_everything_holds_and_is_told(tmp_path: Path) -> None:
    with stage(tmp_path) as (house, world):
        trial, said = play(house, world, scenario(says=["freed .* MB"]))
    assert (trial.plan, trial.again, trial.undo) == ("restart service=web on h1", "unchanged", None)
    assert list(trial.seconds) == ["well", "break", "detect", "plan", "run", "observe", "again", "mend"]
    assert [step.remedy for step in world.executed] == ["restart", "restart"]
    assert world.mended == 1
    assert any("running restart service=web on h1" in line for line in said)


def test_what_comes_from_outside_is_posted_and_taken_back(tmp_path: Path) -> None:
    with stage(tmp_path) as (house, world):
        trial, _ = play(house, world, scenario(**HACKED), "open_up")
    assert trial.undo == "open_up"
    assert [step.remedy for step in world.executed] == ["shut", "shut", "open_up"]


def test_what_a_person_asks_for(tmp_path: Path) -> None:
    with stage(tmp_path) as (house, world):
        trial, _ = play(house, world, scenario(detected=None, asked={"parameters": {"service": "web"}}))
    assert trial.plan == "restart service=web on h1"


CASES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    # what is amiss, the scenario, the world, words
    ("ill before", {}, {"broken": {Signal("h2", "service_down", "web")}}, "not everything is well before anything is"),
    ("nobody sees it", {}, {"blind": True}, "no outside observer sees that anything is wrong"),
    (
        "not found",
        {"detected": {"symptom": "port_closed", "within": "3s"}},
        {},
        "port_closed on h1 was not detected in 3",
    ),
    ("wrong", {"wrong": [{"remedy": "restart"}]}, {}, "the plan is wrong: restart service=web on h1"),
    (
        "not acceptable",
        {"acceptable": [{"remedy": "restart", "parameters": {"service": "db"}}]},
        {},
        "the plan is not acceptable: restart service=web on h1",
    ),
    ("another remedy", {"remedy": "repair", "acceptable": [{"remedy": "restart"}]}, {}, "shows nothing of repair"),
    (
        "the run fails",
        {},
        {"result": RunStatus.FAILED},
        "the run ended as failed (the task failed); nothing was changed",
    ),
    ("it does not heal", {}, {"cures_nothing": True}, "the loop found: not_healed"),
    ("the probe lies", {}, {"lying": True}, "it is not healed, as seen from outside: h1: not so"),
    ("it says nothing", {"says": ["freed .* GB"]}, {}, "the run told nothing like 'freed .* GB'"),
    ("collateral there", {}, {"writes": {"h2": "2"}}, "collateral: h2: file /etc/x: 1 → 2"),
    ("collateral here", {}, {"writes": {"h1": "2"}}, "collateral: h1: file /etc/x: 1 → 2"),
    (
        "not idempotent",
        {},
        {"again": RunResult(status=RunStatus.SUCCESSFUL, results={"h1": HostResult(changed=2)})},
        "a second run was to be unchanged; it was changed, successful (2 tasks changed something)",
    ),
    (
        "the second run fails",
        {},
        {"again": RunResult(status=RunStatus.FAILED, problem="no such process")},
        "a second run was to be unchanged; it was refused, failed (no such process)",
    ),
    ("the fault can't be put in", {"fault": "stubborn"}, {}, "the script failed"),
]


@pytest.mark.parametrize(("given", "amiss", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_does_not_hold_fails_it_and_the_fault_is_mended(
    tmp_path: Path, given: dict[str, Any], amiss: dict[str, Any], words: str
) -> None:
    nothing = "cures_nothing" in amiss
    world = Hosts(**{name: value for name, value in amiss.items() if name != "cures_nothing"})
    with stage(tmp_path, world) as (house, hosts):
        if nothing:
            hosts.cures = {}
        with pytest.raises(FleetmendError) as failed:
            play(house, hosts, scenario(**given))
        assert words in str(failed.value)
        assert hosts.mended == (0 if "before anything" in words else 1)


def test_declared_changes_are_none(tmp_path: Path) -> None:
    with stage(tmp_path, Hosts(writes={"h1": "2"})) as (house, world):
        trial, _ = play(house, world, scenario(changes=[{"file": "/etc/*"}]))
    assert trial.name == "web_down"


def test_a_second_run_may_be_refused_if_the_scenario_says_why(tmp_path: Path) -> None:
    again = RunResult(status=RunStatus.FAILED, problem="no such process")
    with stage(tmp_path, Hosts(again=again)) as (house, world):
        trial, _ = play(house, world, scenario(again={"expect": "refused", "why": "The process is gone."}))
    assert trial.again == "refused: The process is gone."


def test_an_undo_that_brings_nothing_about_fails(tmp_path: Path) -> None:
    idle = {"holds": [{"ssh": {"host": "h2", "run": ["well"]}, "within": "2s"}]}
    fails(
        tmp_path,
        "what the undo is to bring about is seen from outside before it",
        scenario(**(HACKED | {"undo": idle})),
        undo="open_up",
    )


def test_what_can_t_be_mended_is_told_with_what_went_wrong(tmp_path: Path) -> None:
    class Broken(Hosts):
        def mend(self, fault: str, host: str) -> None:
            raise FleetmendError("h1 is off")

    fails(tmp_path, "; and it can't be mended: h1 is off", scenario(wrong=[{"remedy": "restart"}]), Broken())


def test_a_fault_in_the_prover_mends_too(tmp_path: Path) -> None:
    class Dead(Hosts):
        def snapshot(self) -> Any:
            if self.broken:
                raise KeyboardInterrupt
            return super().snapshot()

    with stage(tmp_path, Dead()) as (house, world), pytest.raises(KeyboardInterrupt):
        play(house, world, scenario())
    assert world.mended == 1


def test_the_fleet_file_is_read(tmp_path: Path) -> None:
    with stage(tmp_path) as (house, _):
        assert yaml.safe_load((house.content / "inventory" / "lab" / "fleet.yml").read_text())["mode"] == "approve"
        assert Failed("x").exit_code == 1
