"""Text from hosts is hostile: before it reaches a terminal, whatever could move its cursor or hide is taken out."""

from __future__ import annotations


def clean(value: object) -> str:
    """Return *value* as one line of printable text: breaks, tabs and odd spaces become spaces, controls go.

    What goes are terminal escapes, and characters that reorder or hide text. Rich's markup is not touched: it is only
    ever switched off (see `page.py`).
    """
    return "".join(one if one.isprintable() else " " if one.isspace() else "" for one in str(value))


def clean_lines(text: str) -> list[str]:
    """The lines of *text*, each cleaned; indentation by spaces is kept."""
    return [clean(line.expandtabs(4)) for line in text.split("\n")]
