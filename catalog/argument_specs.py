"""A role's `meta/argument_specs.yml`, as far as a remedy's parameters go: Ansible's format, read into typed options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.model import Model, Scalar
from core.yaml_files import YamlFile


class Option(Model):
    """One option of the role's `main` entry point. `type` is Ansible's name of it, `str` if none is given."""

    name: str
    type: str = "str"
    description: str = ""
    required: bool = False
    default: Any = None
    choices: tuple[Scalar, ...] | None = None


class ArgumentSpec:
    """The options of a role, and the file that they come from."""

    def __init__(self, yaml: YamlFile, options: dict[str, Option]) -> None:
        self.options = options
        self._yaml = yaml

    def error(self, option: str, problem: str) -> BadInput:
        """A BadInput that points at *option*."""
        return self._yaml.error(problem, "argument_specs", "main", "options", option)


def read_argument_spec(role: Path) -> ArgumentSpec:
    """Read the `main` entry point of the role in folder *role*. Raises BadInput."""
    yaml = YamlFile.read(role / "meta" / "argument_specs.yml")
    data = yaml.data
    for loc in (("argument_specs",), ("argument_specs", "main")):
        data = data.get(loc[-1]) if isinstance(data, dict) else None
        if not isinstance(data, dict):
            raise yaml.error("a mapping `argument_specs: {main: {options: …}}` is expected", *loc)
    options = data.get("options") or {}
    if not isinstance(options, dict):
        raise yaml.error("a mapping of options is expected", "argument_specs", "main", "options")
    return ArgumentSpec(yaml, {str(name): _option(yaml, str(name), entry) for name, entry in options.items()})


def _option(yaml: YamlFile, name: str, entry: object) -> Option:
    loc = ("argument_specs", "main", "options", name)
    if not isinstance(entry, dict):
        raise yaml.error("a mapping is expected here", *loc)
    description = entry.get("description") or ""
    known = {key: entry[key] for key in ("type", "required", "default", "choices") if entry.get(key) is not None}
    text = " ".join(map(str, description)) if isinstance(description, list) else str(description)
    fields = {"name": name, "description": " ".join(text.split()), **known}
    return YamlFile(yaml.path, {"_": fields}, _lines(yaml, loc)).as_model(Option, at=("_",))


def _lines(yaml: YamlFile, loc: tuple[str, ...]) -> dict[tuple[str | int, ...], int]:
    keys = ("type", "required", "default", "choices")
    lines = {("_", key): yaml.line_of((*loc, key)) for key in keys} | {("_",): yaml.line_of(loc)}
    return {place: line for place, line in lines.items() if line is not None}
