"""Law 3, in one place: may these parameters be passed to this remedy on these hosts? Asked before Ansible starts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import jsonschema

from catalog.parameters import fits_type
from catalog.schemas import narrowed
from catalog.strings import string_problem
from core.errors import Refused
from core.fleets import Host
from core.model import Scalar
from core.remedies import Remedy

_SHOWN = 60


def check_parameters(
    remedy: Remedy, hosts: Sequence[Host], evidence: Mapping[str, Scalar], parameters: Mapping[str, object]
) -> dict[str, Scalar]:
    """Return *parameters* with defaults filled in, in the order of the remedy's own.

    Raises Refused (NotApplicable where the case, not the value, is at fault), in one line that says what is allowed.
    """
    schema = narrowed(remedy, hosts, evidence)
    for name in parameters:
        if remedy.parameter(name) is None:
            known = ", ".join(parameter.name for parameter in remedy.parameters) or "none"
            raise Refused(f"{remedy.id}: unknown parameter {_show(name)}; it has {known}")
    checked: dict[str, Scalar] = {}
    for parameter in remedy.parameters:
        value = parameters.get(parameter.name, parameter.default)
        if value is None and parameter.name not in parameters:
            if parameter.required:
                raise Refused(f"{remedy.id}: the parameter {parameter.name} is missing")
            continue
        place = f"{remedy.id}: {parameter.name}={_show(value)} is refused"
        if isinstance(value, str) and (problem := string_problem(value)):
            raise Refused(f"{place}: {problem}")
        if not fits_type(parameter.type, value) or not isinstance(value, str | bool | int | float):
            raise Refused(f"{place}: it must be of type {parameter.type}")
        # `$` in a schema's pattern lets a trailing line break through, and `search` a prefix.
        if parameter.pattern is not None and not re.fullmatch(parameter.pattern, str(value)):
            raise Refused(f"{place}: it must match {parameter.pattern}")
        checked[parameter.name] = value
    if remedy.any_of and not checked.keys() & set(remedy.any_of):
        raise Refused(f"{remedy.id}: give at least one of {', '.join(remedy.any_of)}")
    for error in jsonschema.Draft202012Validator(schema).iter_errors(checked):
        name = str(error.path[0]) if error.path else ""
        raise Refused(f"{remedy.id}: {name}={_show(checked.get(name))} is refused: {_in_words(error)}")
    return checked


def _in_words(error: jsonschema.ValidationError) -> str:
    limit: Any = error.validator_value
    if error.validator == "enum":
        return f"it must be one of {', '.join(map(str, limit))}"
    if error.validator == "const":
        return f"it must be {limit!r}, as the evidence says"
    words = {"minimum": f"it must be at least {limit}", "maximum": f"it must be at most {limit}"}
    return words.get(str(error.validator), f"it breaks the rule {error.validator} ({limit})")


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
