"""A message as a phone shows it, in plain text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


def shown(message: Json) -> str:
    """The blocks of *message*, as text."""
    return "\n".join(_block(block) for block in message["blocks"])


def _block(block: Json) -> str:
    kind = block["type"]
    if kind in ("header", "section"):
        return str(block["text"]["text"])
    if kind == "actions":
        return "  ".join(f"[ {one['text']['text']} ]" for one in block["elements"])
    if kind == "input":
        return f"{block['label']['text']}: {_element(block['element'])}"
    return "\n".join(_rich(element) for element in block["elements"])


def _rich(element: Json) -> str:
    text = "".join(_piece(piece) for piece in element["elements"])
    if element["type"] == "rich_text_preformatted":
        return "\n".join(f"    {line}" for line in text.splitlines())
    return text


def _piece(piece: Json) -> str:
    if piece["type"] == "date":
        at = datetime.fromtimestamp(piece["timestamp"], UTC)
        return f"{at:%H:%M:%S}" if "secs" in piece["format"] else f"{at:%H:%M}"
    return str(piece["text"])


def _element(element: Json) -> str:
    if "options" in element:
        chosen = element.get("initial_options") or [element.get("initial_option")]
        marks = ["x" if one in chosen else " " for one in element["options"]]
        return " ".join(f"[{mark}] {one['value']}" for mark, one in zip(marks, element["options"], strict=True))
    return str(element.get("initial_value", "____"))
