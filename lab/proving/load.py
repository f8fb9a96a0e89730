"""Reading scenarios: the shipped ones, and those in `lab/scenarios/` of a user's own content folder."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from catalog.catalog import Catalog
from core.errors import BadInput
from core.model import Name
from core.settings import CHECKOUT
from core.yaml_files import YamlFile
from lab.proving.scenario import Scenario

_NAME = TypeAdapter(Name)


def scenario_folders(content: Path, shipped: Path = CHECKOUT) -> tuple[Path, ...]:
    """Where scenarios lie: in the checkout, and in *content*."""
    roots = dict.fromkeys(root.resolve() for root in (shipped, content))
    return tuple(root / "lab" / "scenarios" for root in roots)


class Scenarios(NamedTuple):
    """Every scenario by name, and what is wrong with those that were left out: (the remedy that it is of, why)."""

    sound: dict[str, Scenario]
    problems: tuple[tuple[str | None, BadInput], ...]


def load_scenarios(folders: Sequence[Path], catalog: Catalog, faults: Collection[str]) -> Scenarios:
    """Read the scenarios in *folders*. One that is not sound costs itself, and never the rest."""
    sound: dict[str, Scenario] = {}
    problems: list[tuple[str | None, BadInput]] = []
    for path in (path for folder in folders for path in sorted(folder.glob("*.yml"))):
        try:
            scenario = read_scenario(path, catalog, faults)
            if scenario.name in sound:
                raise BadInput("there is another scenario of this name; call it something else", file=path)
        except BadInput as problem:
            problems.append((_remedy_in(path), problem))
        else:
            sound[scenario.name] = scenario
    return Scenarios(sound, tuple(problems))


def _remedy_in(path: Path) -> str | None:
    """The remedy that the scenario at *path* is of, if that much can be read."""
    try:
        data = YamlFile.read(path).data
    except BadInput:
        return None
    return str(data["remedy"]) if isinstance(data, dict) and "remedy" in data else None


def read_scenario(path: Path, catalog: Catalog, faults: Collection[str]) -> Scenario:
    """The scenario at *path*; its remedies, symptoms and fault have to exist. Raises BadInput."""
    name = path.name.removesuffix(".yml")
    try:
        _NAME.validate_python(name)
    except ValidationError:
        problem = "the name of a scenario has lower-case letters, digits and '_', and begins with a letter"
        raise BadInput(problem, file=path) from None
    yaml = YamlFile.read(path)
    if isinstance(yaml.data, dict) and "name" in yaml.data:
        raise yaml.error("the name of a scenario is its file's", "name")
    if isinstance(yaml.data, dict) and isinstance(symptoms := yaml.data.get("symptoms"), dict):
        # YAML reads a bare `off` as false; in this place it can only mean the word.
        yaml.data["symptoms"] = {id: "off" if value is False else value for id, value in symptoms.items()}
    scenario = yaml.as_model(Scenario, extra={"name": name})
    _known(yaml, scenario, catalog, faults)
    return scenario


def _known(yaml: YamlFile, scenario: Scenario, catalog: Catalog, faults: Collection[str]) -> None:
    def need(kind: str, value: str, known: Collection[str], *loc: str | int) -> None:
        if value not in known:
            raise yaml.error(f"unknown {kind} {value!r}; allowed here: {', '.join(sorted(known)) or 'none'}", *loc)

    need("remedy", scenario.remedy, catalog.remedies, "remedy")
    if scenario.fault is not None:
        need("fault", scenario.fault, faults, "fault")
    if scenario.detected is not None:
        need("symptom", scenario.detected.symptom, catalog.symptoms, "detected", "symptom")
    for key, plans in (("acceptable", scenario.acceptable), ("wrong", scenario.wrong)):
        for place, plan in enumerate(plans):
            need("remedy", plan.remedy, catalog.remedies, key, place, "remedy")
    for place, other in enumerate(scenario.never):
        need("remedy", other, catalog.remedies, "never", place)
    for symptom in scenario.symptoms:
        need("symptom", symptom, catalog.symptoms, "symptoms", symptom)
    remedy = catalog.remedies[scenario.remedy]
    if scenario.undo is not None and remedy.undo is None:
        raise yaml.error(f"the card of {remedy.id} names no undo", "undo")
    if not scenario.healed and not remedy.read_only:
        raise yaml.error(f"{remedy.id} is not read_only: say how an outside observer knows that it healed", "healed")
