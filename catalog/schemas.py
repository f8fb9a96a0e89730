"""The JSON Schema of a remedy's parameters: flat, as a model's grammar needs it, and narrowed to the case at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.parameters import fits_type
from catalog.strings import LONGEST, string_problem
from core.errors import Refused
from core.fleets import Host
from core.model import Scalar
from core.remedies import Parameter, ParameterType, Remedy

_JSON_TYPES = {
    ParameterType.STR: "string",
    ParameterType.PATH: "string",
    ParameterType.INT: "integer",
    ParameterType.FLOAT: "number",
    ParameterType.BOOL: "boolean",
}


class NotApplicable(Refused):
    """The remedy has nothing to work on here: a name, a variable or a piece of evidence is missing."""


def schema_of(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Return the flat schema of *parameters*, before host and evidence narrow it."""
    return {
        "type": "object",
        "properties": {parameter.name: _property(parameter) for parameter in parameters},
        "required": [parameter.name for parameter in parameters if parameter.required],
        "additionalProperties": False,
    }


def narrowed(remedy: Remedy, hosts: Sequence[Host], evidence: Mapping[str, Scalar]) -> dict[str, Any]:
    """Return the schema of *remedy* for *hosts*: names become those that all of them have, evidence becomes constant.

    A parameter that is not required and has nothing to choose from here is left out, or held at its default.
    Raises NotApplicable if that leaves nothing to choose, or if a host lacks a variable that the remedy needs.
    """
    if not hosts:
        raise Refused(f"{remedy.id}: no host is given, and that never means all of them")
    for variable in remedy.needs:
        for host in hosts:
            if not host.variables.get(variable):
                raise NotApplicable(f"{remedy.id}: host {host.name} has no {variable}")
    schema = dict(remedy.schema_)
    schema["properties"] = {}
    for parameter in remedy.parameters:
        try:
            schema["properties"][parameter.name] = _narrowed_property(remedy, parameter, hosts, evidence)
        except NotApplicable:
            if parameter.required:
                raise
            if parameter.default is not None:
                schema["properties"][parameter.name] = _property(parameter) | {"const": parameter.default}
    if remedy.any_of and not schema["properties"].keys() & set(remedy.any_of):
        raise NotApplicable(f"{remedy.id}: nothing here settles any of {', '.join(remedy.any_of)}")
    return schema


def _property(parameter: Parameter) -> dict[str, Any]:
    result: dict[str, Any] = {"type": _JSON_TYPES[parameter.type]}
    if parameter.description:
        result["description"] = parameter.description
    if parameter.choices is not None:
        result["enum"] = list(parameter.choices)
    if parameter.minimum is not None:
        result["minimum"] = _number(parameter, parameter.minimum)
    if parameter.maximum is not None:
        result["maximum"] = _number(parameter, parameter.maximum)
    if parameter.pattern is not None:
        result["pattern"] = _anchored(parameter.pattern)
    if result["type"] == "string" and parameter.choices is None:
        result["maxLength"] = LONGEST
    if parameter.default is not None:
        result["default"] = parameter.default
    return result


def _anchored(pattern: str) -> str:
    """The pattern between `^` and `$`, each once and without a `(?:`: what grammars made from schemas understand."""
    body = pattern.removeprefix("^")
    if body.endswith("$") and not body.endswith("\\$"):
        body = body[:-1]
    return f"^({body})$" if "|" in body else f"^{body}$"


def _number(parameter: Parameter, value: float) -> int | float:
    return int(value) if parameter.type is ParameterType.INT and value.is_integer() else value


def _narrowed_property(
    remedy: Remedy, parameter: Parameter, hosts: Sequence[Host], evidence: Mapping[str, Scalar]
) -> dict[str, Any]:
    result = dict(remedy.schema_["properties"][parameter.name])
    if parameter.from_inventory is not None:
        names = _names_on_all(parameter.from_inventory, hosts)
        names = [name for name in names if parameter.choices is None or name in parameter.choices]
        if not names:
            where = hosts[0].name if len(hosts) == 1 else "the hosts, taken together,"
            raise NotApplicable(f"{remedy.id}: {where} has no name in {parameter.from_inventory} for {parameter.name}")
        result["enum"] = names
        result.pop("maxLength", None)
    if parameter.from_evidence is not None:
        value = evidence.get(parameter.from_evidence)
        if value is None:
            raise NotApplicable(f"{remedy.id}: the incident has no evidence {parameter.from_evidence!r}")
        if not fits_type(parameter.type, value) or (isinstance(value, str) and string_problem(value)):
            raise NotApplicable(
                f"{remedy.id}: the evidence {parameter.from_evidence!r} is not a usable {parameter.type}"
            )
        result["const"] = value
    return result


def _names_on_all(variable: str, hosts: Sequence[Host]) -> list[str]:
    """The names in *variable* that every host has, in the first one's order; unsafe ones are left out."""
    others = [set(host.names_in(variable)) for host in hosts[1:]]
    return [
        name
        for name in dict.fromkeys(hosts[0].names_in(variable))
        if all(name in names for names in others) and string_problem(name) is None
    ]
