"""A remedy's parameters: what the card lists, typed by the role's argument spec. What is left too free is refused."""

from __future__ import annotations

import re
from collections.abc import Callable

from catalog.argument_specs import ArgumentSpec, Option
from catalog.cards import Card, CardParameter
from catalog.strings import string_problem
from core.errors import BadInput
from core.model import Scalar
from core.remedies import Parameter, ParameterType
from core.yaml_files import YamlFile

_TEXT = (ParameterType.STR, ParameterType.PATH)
_NUMBERS = (ParameterType.INT, ParameterType.FLOAT)


def read_parameters(card: Card, yaml: YamlFile, role: str, spec: ArgumentSpec) -> tuple[Parameter, ...]:
    """Join the parameters of *card* with the options of *role*. Raises BadInput for one that isn't safe to choose."""
    found = []
    for name, given in card.parameters.items():
        option = spec.options.get(f"{role}_{name}")
        if option is None:
            prefix = f"{role}_"
            known = sorted(key.removeprefix(prefix) for key in spec.options if key.startswith(prefix))
            problem = f"the role {role} has no option {prefix}{name}; its options: {', '.join(known) or 'none'}"
            raise yaml.error(problem, "parameters", name)
        found.append(_parameter(name, given, option, yaml, spec))
    return tuple(found)


def fits_type(kind: ParameterType, value: object) -> bool:
    """True if *value* is exactly of the type *kind*: a truth value is no number, and 5.0 is no whole one."""
    if kind is ParameterType.BOOL:
        return isinstance(value, bool)
    if kind is ParameterType.INT:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is ParameterType.FLOAT:
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
    return isinstance(value, str)


def _parameter(name: str, given: CardParameter, option: Option, yaml: YamlFile, spec: ArgumentSpec) -> Parameter:
    def in_card(problem: str, *key: str) -> BadInput:
        return yaml.error(problem, "parameters", name, *key)

    if option.type not in list(ParameterType):
        allowed = ", ".join(ParameterType)
        raise spec.error(option.name, f"a parameter can't be of type {option.type}; allowed: {allowed}")
    parameter = Parameter(
        name=name,
        type=ParameterType(option.type),
        description=option.description,
        required=option.required and option.default is None,
        default=_scalar(option, spec),
        choices=option.choices,
        minimum=given.minimum,
        maximum=given.maximum,
        pattern=given.pattern,
        from_inventory=given.from_,
        from_evidence=given.evidence,
    )
    _check_bounds(parameter, in_card)
    _check_freedom(parameter, in_card)
    for value in (*(parameter.choices or ()), *(() if parameter.default is None else (parameter.default,))):
        if not fits_type(parameter.type, value):
            raise spec.error(option.name, f"{value!r} is not of type {parameter.type}")
        if isinstance(value, str) and (problem := string_problem(value)):
            raise spec.error(option.name, f"{value!r} can't be passed on: {problem}")
    return parameter


def _scalar(option: Option, spec: ArgumentSpec) -> Scalar | None:
    if option.default is None or isinstance(option.default, str | bool | int | float):
        return option.default
    raise spec.error(option.name, "the default of a parameter is one plain value")


def _check_bounds(parameter: Parameter, error: Callable[..., BadInput]) -> None:
    for key, kinds in (("minimum", _NUMBERS), ("maximum", _NUMBERS), ("pattern", _TEXT)):
        if getattr(parameter, key) is not None and parameter.type not in kinds:
            raise error(f"{key} does not go with the type {parameter.type}", key)
    if parameter.from_inventory is not None and parameter.type is not ParameterType.STR:
        raise error(f"names from the inventory are of type str, not {parameter.type}", "from")
    if parameter.pattern is not None:
        try:
            re.compile(parameter.pattern)
        except re.error as problem:
            raise error(f"not a regular expression: {problem}", "pattern") from None


def _check_freedom(parameter: Parameter, error: Callable[..., BadInput]) -> None:
    """Refuse a parameter that would leave a planner free to write anything."""
    if parameter.from_inventory or parameter.from_evidence or parameter.choices or parameter.type is ParameterType.BOOL:
        return
    if parameter.type in _TEXT and parameter.pattern is None:
        raise error("a free text is not for a planner; give from, evidence or pattern, or choices in the role's spec")
    if parameter.type in _NUMBERS and (parameter.minimum is None or parameter.maximum is None):
        raise error("a number needs bounds; give minimum and maximum, or choices in the role's spec")
