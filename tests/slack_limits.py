"""Slack's limits on messages and modals, as its reference states them; and what must never be in what we send."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_TEXTS = {"header": 150, "section": 3000}
_ACTIONS, _BLOCKS, _MODAL_BLOCKS = 25, 50, 100
_DANGEROUS = re.compile(r"<[!@#]|<https?:|https?://|mailto:", re.IGNORECASE)
_OURS = "https://fleetmend.example.com"
"""The only links that may be in a message."""


def problem_of(message: Json) -> str | None:
    """What Slack would refuse in a message; None if it would take it."""
    if not message.get("text"):
        return "no text"
    if len(message["text"]) > 4000:
        return "the text is too long"
    return _problem(message.get("blocks", []), _BLOCKS)


def modal_problem(view: Json) -> str | None:
    """The same for a modal."""
    if view["type"] != "modal" or not 1 <= len(view["title"]["text"]) <= 24 or len(view["submit"]["text"]) > 24:
        return "title or submit"
    if len(view["private_metadata"]) > 3000 or len(view["callback_id"]) > 255:
        return "private_metadata or callback_id"
    return _problem(view["blocks"], _MODAL_BLOCKS)


def hostile_in(sent: Json) -> list[str]:
    """Texts in a message that a client would make a mention or a link of."""
    links = {str(one["url"]) for one in _all(sent) if one.get("type") == "link"}
    bad = [url for url in links if not url.startswith(_OURS)]
    texts = [one["text"] for one in _all(sent) if isinstance(one.get("text"), str) and one.get("type") != "link"]
    return bad + [text for text in texts if _DANGEROUS.search(text)]


def _problem(blocks: list[Json], most: int) -> str | None:
    if not 0 < len(blocks) <= most:
        return f"{len(blocks)} blocks"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)) or any(not 0 < len(one) <= 255 for one in ids):
        return "block_id"
    if len(json.dumps(blocks)) > 100_000:
        return "the blocks are too long together"
    return next((found for block in blocks if (found := _block_problem(block)) is not None), None)


def _block_problem(block: Json) -> str | None:
    kind = block["type"]
    if kind in _TEXTS:
        return _text_problem(block["text"], _TEXTS[kind])
    if kind == "actions":
        elements = block["elements"]
        names = [one["action_id"] for one in elements]
        if not 0 < len(elements) <= _ACTIONS or len(names) != len(set(names)):
            return "actions"
        return next((found for one in elements if (found := _element_problem(one)) is not None), None)
    if kind == "input":
        label = _text_problem(block["label"], 2000) or ("hint" in block and _text_problem(block["hint"], 2000)) or None
        return label or _element_problem(block["element"])
    if kind == "rich_text":
        return _rich_problem(block)
    return f"the type {kind}"


def _element_problem(element: Json) -> str | None:  # noqa: PLR0911 - a rule a line
    kind = element["type"]
    if not 0 < len(element["action_id"]) <= 255:
        return "action_id"
    if kind == "button":
        if len(element.get("value", "")) > 2000 or element.get("style") not in (None, "primary", "danger"):
            return "button"
        return _text_problem(element["text"], 75)
    if kind in ("checkboxes", "static_select", "multi_static_select"):
        options = element["options"]
        if not 0 < len(options) <= (10 if kind == "checkboxes" else 100):
            return f"{len(options)} options"
        initial = element.get("initial_options", [])
        initial = initial + ([element["initial_option"]] if "initial_option" in element else [])
        if any(one not in options for one in initial):
            return "initial options"
        bad = [one for one in options if _text_problem(one["text"], 75) or not 0 < len(one["value"]) <= 150]
        return "option" if bad else None
    if kind == "number_input":
        bounds = [element[name] for name in ("min_value", "max_value", "initial_value") if name in element]
        return None if isinstance(element["is_decimal_allowed"], bool) and all(map(_number, bounds)) else "number"
    if kind == "plain_text_input":
        return None if 1 <= element.get("max_length", 3000) <= 3000 else "max_length"
    return f"the element {kind}"


def _number(text: object) -> bool:
    try:
        float(str(text))
    except ValueError:
        return False
    return isinstance(text, str)


def _rich_problem(block: Json) -> str | None:
    if not block["elements"]:
        return "an empty rich_text"
    for element in block["elements"]:
        if element["type"] not in ("rich_text_section", "rich_text_preformatted") or not element["elements"]:
            return f"rich_text {element['type']}"
        for piece in element["elements"]:
            fields = {"text": {"text"}, "link": {"url", "text"}, "date": {"timestamp", "format", "fallback"}}
            if piece["type"] not in fields or piece.keys() - {"type", "style"} != fields[piece["type"]]:
                return f"rich_text piece {piece['type']}"
            if piece["type"] == "text" and not 0 < len(piece["text"]) <= 3000:
                return "rich_text text"
    return None


def _text_problem(text: Json, longest: int) -> str | None:
    if text["type"] != "plain_text" or text.get("emoji") is not False:
        return "only plain_text without emoji"
    return None if 0 < len(text["text"]) <= longest else f"a text of {len(text['text'])}"


def _all(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _all(one)
    elif isinstance(value, list):
        for one in value:
            yield from _all(one)
