"""Reading `symptoms.yml`: the shipped one, and the user's own, whose entries add to it or take the place of one."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from core.errors import BadInput
from core.symptoms import Symptom
from core.yaml_files import YamlFile


def load_symptoms(paths: Collection[Path], probes: Collection[str]) -> tuple[dict[str, Symptom], list[BadInput]]:
    """Read the files at *paths*, later ones over earlier ones. Return the symptoms by id, and what was left out.

    A symptom that names an unknown probe or symptom is left out.
    """
    found: dict[str, tuple[Symptom, YamlFile]] = {}
    problems: list[BadInput] = []
    for path in paths:
        try:
            found |= _read(path, problems)
        except BadInput as problem:
            problems.append(problem)
    while unfit := [error for id in found if (error := _unfit(id, found, probes))]:
        for id, unknown in unfit:
            del found[id]
            problems.append(unknown)
    return {id: symptom for id, (symptom, _) in found.items()}, problems


def _read(path: Path, problems: list[BadInput]) -> dict[str, tuple[Symptom, YamlFile]]:
    yaml = YamlFile.read(path)
    if not isinstance(yaml.data or {}, dict):
        raise yaml.error("a mapping of symptoms is expected: `<id>: {title: …, probe: …, sample: …, above: …}`")
    found = {}
    for id in map(str, yaml.data or {}):
        try:
            found[id] = (yaml.as_model(Symptom, at=(id,), extra={"id": id}), yaml)
        except BadInput as problem:
            problems.append(problem)
        except KeyError:
            problems.append(yaml.error("the id of a symptom is text; put it in quotes", id))
    return found


def _unfit(id: str, found: dict[str, tuple[Symptom, YamlFile]], probes: Collection[str]) -> tuple[str, BadInput] | None:
    symptom, yaml = found[id]
    if symptom.probe is not None and symptom.probe not in probes:
        allowed = ", ".join(sorted(probes))
        return id, yaml.error(f"unknown probe {symptom.probe!r}; allowed here: {allowed}", id, "probe")
    for place, other in enumerate(symptom.explained_by):
        if other not in found:
            allowed = ", ".join(sorted(found))
            return id, yaml.error(f"unknown symptom {other!r}; allowed here: {allowed}", id, "explained_by", place)
    return None
