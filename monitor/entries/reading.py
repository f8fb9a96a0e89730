"""Reads the entries of a host. A bad one is a problem of that entry alone, told in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import StringConstraints, TypeAdapter, ValidationError

from core.fleets import Host
from core.model import Model, Subject

E = TypeVar("E", bound=Model)
_KEY = TypeAdapter(Annotated[Subject, StringConstraints(min_length=1)])


def read_entries(host: Host, variable: str, model: type[E]) -> tuple[dict[str, E], tuple[str, ...]]:
    """The entries of *host*'s *variable*, and one line for each that does not fit. Raises nothing."""
    value = host.variables.get(variable)
    if value is None:
        return {}, ()
    if not isinstance(value, Mapping):
        return {}, (f"{variable}: a mapping of names to entries is expected",)
    entries: dict[str, E] = {}
    problems = []
    for key, entry in value.items():
        try:
            entries[_KEY.validate_python(str(key))] = model.model_validate({} if entry is None else entry)
        except ValidationError as error:
            problems.append(f"{variable}.{key}: {_in_words(error, model)}")
    return entries, tuple(problems)


def _in_words(error: ValidationError, model: type[Model]) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        allowed = sorted(field.alias or name for name, field in model.model_fields.items())
        return f"{place}: unknown key; allowed here: {', '.join(allowed)}"
    said = first["msg"].removeprefix("Value error, ")
    return f"{place}: {said}" if place else said
