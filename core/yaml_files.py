"""YAML files that people write: read safely, and with the line of every key for the error message."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from core.errors import BadInput
from core.yaml_bounds import check_bounds

M = TypeVar("M", bound=BaseModel)
Loc = tuple[str | int, ...]


class YamlFile:
    """A parsed YAML file: `data`, and `line_of` for any place in it."""

    def __init__(self, path: Path, data: Any, lines: dict[Loc, int]) -> None:
        self.path, self.data, self._lines = path, data, lines

    @classmethod
    def read(cls, path: Path) -> YamlFile:
        """Read *path*. Raises BadInput if it is missing, not UTF-8, not YAML, or repeats a key."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise BadInput("no such file", file=path) from None
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"can't be read: {error}", file=path) from None
        try:
            check_bounds(text)
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else None
            raise BadInput(f"not valid YAML: {error.problem or error}", file=path, line=line) from None
        except yaml.YAMLError as error:
            raise BadInput(f"not valid YAML: {error}", file=path) from None
        lines: dict[Loc, int] = {}
        if node is not None:
            _walk(node, (), lines, path)
        return cls(path, yaml.safe_load(text), lines)

    def line_of(self, loc: Loc) -> int | None:
        """The line (from 1) of the deepest part of *loc* that the file has."""
        for length in range(len(loc), -1, -1):
            if loc[:length] in self._lines:
                return self._lines[loc[:length]]
        return None

    def error(self, problem: str, *loc: str | int) -> BadInput:
        """A BadInput that points at *loc* in this file."""
        return BadInput(problem, file=self.path, line=self.line_of(loc), key=".".join(map(str, loc)) or None)

    def as_model(self, model: type[M], *, at: Loc = (), extra: dict[str, Any] | None = None) -> M:
        """Validate the mapping at *at*, plus *extra*, as *model*. Raises BadInput: file, line, key, what is allowed."""
        data = self.data
        for part in at:
            data = data[part]
        if data is None:
            data = {}
        if not isinstance(data, dict):
            raise self.error(f"a mapping is expected here, not {_kind(data)}", *at)
        try:
            return model.model_validate(data | (extra or {}))
        except ValidationError as error:
            first = error.errors()[0]
            loc = (*at, *_real_loc(first["loc"], data))
            raise self.error(_in_words(first, model), *loc) from None


def _walk(node: yaml.Node, loc: Loc, lines: dict[Loc, int], path: Path) -> None:
    lines.setdefault(loc, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                raise BadInput("the key is given twice", file=path, line=key.start_mark.line + 1, key=name)
            seen.add(name)
            lines[(*loc, name)] = key.start_mark.line + 1
            _walk(value, (*loc, name), lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*loc, index), lines, path)


def _real_loc(loc: Sequence[Any], data: Any) -> Loc:
    """Drop what pydantic adds to a location (union branches), keeping what stands in the file."""
    real: list[str | int] = []
    for part in loc:
        in_list = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if in_list or (isinstance(data, dict) and part in data):
            data = data[part]
            real.append(part)
    if not real and loc and isinstance(data, dict):
        real.append(loc[0])
    return tuple(real)


def _in_words(error: Any, model: type[BaseModel]) -> str:
    kind, message = error["type"], str(error["msg"])
    if kind == "extra_forbidden":
        owner = _owner_of(model, error["loc"])
        return f"unknown key; allowed here: {', '.join(sorted(owner))}" if owner else "unknown key"
    if kind == "missing":
        return f"the key {error['loc'][-1]!r} is missing"
    return message.removeprefix("Value error, ").replace("Input should be", "should be") + (
        f" (it is {_short(error['input'])})" if kind != "value_error" else ""
    )


def _owner_of(model: type[BaseModel], loc: Loc) -> list[str]:
    """The field names (as written in files) of the model that the last part of *loc* was refused by."""
    current: Any = model
    for part in loc[:-1]:
        current = _step_into(current, part)
        if current is None:
            return []
    return [field.alias or name for name, field in current.model_fields.items()]


def _step_into(model: type[BaseModel], part: str | int) -> type[BaseModel] | None:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    if part not in fields:
        return model
    return _first_model(fields[str(part)].annotation)


def _first_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _first_model(inner)
        if found is not None:
            return found
    return None


def _kind(value: object) -> str:
    return {list: "a list", str: "text", int: "a number", float: "a number", bool: "a yes/no value"}.get(
        type(value), type(value).__name__
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
