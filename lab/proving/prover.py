"""`fleetmend catalog prove`: plays the scenarios of remedies on a lab, and writes the proof of what held altogether."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from catalog.catalog import Catalog
from catalog.proofs import write_proof
from catalog.source import CatalogSource
from core.clock import SystemClock
from core.errors import Conflict, FleetmendError
from core.proofs import Proof, Trial
from core.remedies import Remedy
from core.settings import Settings
from lab.faults import Fault, read_faults
from lab.folders import LabsFolder
from lab.lab import Lab
from lab.locks import held
from lab.proving.bench import LabBench
from lab.proving.choose import check_sound, check_wanted, missing_hosts, scenarios_of, wanted_remedies, why_not
from lab.proving.driver import Driver
from lab.proving.load import load_scenarios, scenario_folders
from lab.proving.place import FLEET, lay_out, lay_over, settings_for
from lab.proving.scenario import Scenario
from lab.proving.trial import Play
from lab.raising import bring_up
from loop.wiring import wire
from runner.settle import settle_left_runs, settle_looks

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Played:
    """One scenario that was played. `trial` if it held, else `problem`."""

    scenario: str
    remedy: str
    trial: Trial | None = None
    problem: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came of it. `proofs`: remedy -> where its proof was written; `unproven`: remedy -> why it has none."""

    played: tuple[Played, ...]
    proofs: dict[str, Path]
    unproven: dict[str, str]


def prove(settings: Settings, name: str, ids: Sequence[str], say: Say) -> Report:
    """Prove the remedies *ids* (all of the catalog's if empty) on the lab *name*.

    Raises NotFound for a remedy or a lab that is not there, BadInput for content that is not sound or a named remedy
    without a scenario, Refused for a named one that is not vetted, Conflict if the lab is being proven on already.
    """
    source = CatalogSource(settings.content)
    catalog = source.current()
    faults = _faults(settings.content)
    loaded = load_scenarios(scenario_folders(settings.content), catalog, faults)
    scenarios, remedies = loaded.sound, wanted_remedies(ids, catalog)
    for problem in check_sound(remedies, loaded, catalog):
        say(f"left out: {problem}")
    if ids:
        check_wanted(remedies, scenarios, catalog)
    chosen = {one.name: one for remedy in remedies for one in scenarios_of(remedy, scenarios, catalog)}
    lab = Lab.open(settings.lab, name)
    with held(LabsFolder(settings.lab.resolve()).path / f"prove-{name}.lock", busy=lambda: _refuse(name)):
        place = lab.folder.path / "proving"
        bench = LabBench(lab, faults)
        _clear_up(lab, bench, place, say)
        played = [_play(source, one, lab, bench, place / one.name, say) for _, one in sorted(chosen.items())]
        return _conclude(remedies, scenarios, source.current(), catalog, played, lab)


def _faults(content: Path) -> dict[str, Fault]:
    """The shipped faults, and a user's own."""
    own = content / "lab" / "faults"
    return {**read_faults(), **(read_faults(own) if own.is_dir() else {})}


def _refuse(name: str) -> None:
    raise Conflict(f"remedies are being proven on the lab {name!r} already; wait for that, or choose another --lab")


def _clear_up(lab: Lab, bench: LabBench, place: Path, say: Say) -> None:
    """What an earlier try that died has left: runs of Ansible, its folder, faults, and hosts that are down.

    Faults come off first, because a host counts as up only without a failed unit; those of a host that is down, once
    it is up. Raises what bringing up and mending raise.
    """
    for state in place.glob("*/state"):
        settle_left_runs(state)
        settle_looks(state)
    shutil.rmtree(place, ignore_errors=True)
    for left in lab.broken():
        say(f"an earlier try left {left.fault} on {left.host}: mending it")
        try:
            bench.mend(left.fault, left.host)
        except FleetmendError as error:
            say(f"{left.host} has to be brought up first: {error}")
    bring_up(lab.labs.path, lab.name)
    for left in lab.broken():
        bench.mend(left.fault, left.host)


def _play(source: CatalogSource, scenario: Scenario, lab: Lab, bench: LabBench, place: Path, say: Say) -> Played:
    """Play one scenario in a folder of its own. What goes wrong is told in the result."""
    remedy = source.current().remedies[scenario.remedy]

    def tell(words: str) -> None:
        say(f"{scenario.name}: {words}")

    if (problem := missing_hosts(scenario, lab)) is not None:
        tell(f"not played: {problem}")
        return Played(scenario=scenario.name, remedy=remedy.id, problem=problem)
    folder = lay_out(place, lab.content, scenario, source.current())
    settings, seconds = settings_for(place), dict[str, float]()
    loop = wire(settings, catalog=source)
    try:
        lay_over(folder, loop.context.fleet(FLEET), scenario)
        play = Play(scenario, bench, Driver(loop, time.sleep), undo=remedy.undo, say=tell)
        seconds = play.seconds
        trial = play.play()
    except FleetmendError as error:
        problem = f"{error} (the whole account: FLEETMEND_CONTENT={settings.content} FLEETMEND_STATE={settings.state})"
        tell(f"FAILED: {error}")
        return Played(scenario=scenario.name, remedy=remedy.id, problem=problem, seconds=seconds)
    finally:
        loop.close()
        settle_left_runs(settings.state)
        settle_looks(settings.state)
    shutil.rmtree(place, ignore_errors=True)
    tell(f"held, in {sum(seconds.values()):.0f} s")
    return Played(scenario=scenario.name, remedy=remedy.id, trial=trial, seconds=trial.seconds)


def _conclude(
    remedies: Sequence[Remedy],
    scenarios: Mapping[str, Scenario],
    now: Catalog,
    before: Catalog,
    played: Sequence[Played],
    lab: Lab,
) -> Report:
    """Write the proof of each remedy whose every scenario was played and held, with the files that were played."""
    held_up = {one.scenario: one.trial for one in played if one.trial is not None}
    proofs, unproven, versions = dict[str, Path](), dict[str, str](), dict[str, str]()
    for remedy in remedies:
        shown = scenarios_of(remedy, scenarios, before)
        failed = [one.name for one in shown if one.name not in held_up]
        why = why_not(remedy, shown) or (f"did not hold: {', '.join(failed)}" if failed else None)
        if why is None and (remedy.id not in now.remedies or now.remedies[remedy.id].digest != remedy.digest):
            why = "its files were changed meanwhile"
        if why is not None:
            unproven[remedy.id] = why
            continue
        versions = versions or _versions(lab)
        proof = Proof(
            remedy=remedy.id,
            digest=remedy.digest,
            date=SystemClock().now().replace(microsecond=0),
            versions=versions,
            scenarios=tuple(held_up[one.name] for one in shown),
            not_shown=tuple(dict.fromkeys(words for one in shown for words in one.not_shown)),
        )
        proofs[remedy.id] = write_proof(remedy.root, proof)
    return Report(played=tuple(played), proofs=proofs, unproven=unproven)


def _versions(lab: Lab) -> dict[str, str]:
    """What it was shown with, here and on the hosts."""
    here = {
        "fleetmend": version("fleetmend"),
        "ansible-core": version("ansible-core"),
        "python": platform.python_version(),
    }
    asked = {
        "debian": ("cat", "/etc/debian_version"),
        "kernel": ("uname", "-r"),
        "systemd": ("systemctl", "--version"),
        "host python": ("python3", "--version"),
    }
    host = lab.hosts[0].name
    said = {name: (lab.ssh(host, command).out.splitlines() or ["unknown"])[0] for name, command in asked.items()}
    return here | {name: words.removeprefix("Python ").removeprefix("systemd ") for name, words in said.items()}
