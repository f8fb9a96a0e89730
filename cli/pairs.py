"""`name=value` arguments, as typed values: `true`, `5` and `0.5` are not text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import BadInput

_WORDS = {"true": True, "false": False}
_WHOLE, _BROKEN = re.compile(r"-?\d+"), re.compile(r"-?\d+\.\d+")


def read_pairs(pairs: Sequence[str], option: str) -> dict[str, str | bool | int | float]:
    """Read `name=value` texts given to *option*. In quotes (`'"5"'`) a value stays text. Raises BadInput."""
    found: dict[str, str | bool | int | float] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise BadInput(f"{pair!r} is not name=value", key=option)
        if name in found:
            raise BadInput(f"{name} is given twice", key=option)
        found[name] = _typed(value)
    return found


def _typed(value: str) -> str | bool | int | float:
    if value in _WORDS:
        return _WORDS[value]
    if _WHOLE.fullmatch(value):
        return int(value)
    if _BROKEN.fullmatch(value):
        return float(value)
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value
