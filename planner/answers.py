"""Reading a model's text as JSON, strictly: one that repairs what it reads makes plans out of broken answers."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from core.errors import ModelFailed

LONGEST_ANSWER = 10_000
"""Characters; what is longer was never an answer to our questions."""


class Unusable(ModelFailed):
    """The model answered, but not in the form that was asked for."""


def read_object(text: str) -> dict[str, Any]:
    """Return the one JSON object that *text* consists of.

    Raises Unusable for prose, truncated or trailing text, a key given twice, NaN or infinity, or another JSON value.
    """
    if len(text) > LONGEST_ANSWER:
        raise Unusable("the model's answer is far too long")
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (json.JSONDecodeError, RecursionError):
        raise Unusable("the model's answer is not one JSON object") from None
    if not isinstance(value, dict):
        raise Unusable("the model's answer is JSON, but not an object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unusable("the model's answer gives a key twice")
    return found


def _no_constant(constant: str) -> NoReturn:
    raise Unusable(f"the model's answer contains {constant}, which is not JSON")
