"""Reading our own Markdown: tables, sections, fenced blocks and links. Only as much of Markdown as we write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core.durations import format_duration

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = tuple(
    sorted(
        path
        for entry in ROOT.iterdir()
        if not entry.name.startswith(".")
        for path in ([entry] if entry.suffix == ".md" else entry.rglob("*.md"))
    )
)
"""Every page of the repository."""

_CONTAINERS: dict[Any, str] = {tuple: "[].", dict: ".<name>."}
"""How the keys within a list or a mapping are written."""
_FENCE = re.compile(r"^\s*```(.*)$")
_HEADING = re.compile(r"^(#+) (.+)$")


class Block(NamedTuple):
    """A fenced block: what its info string says, and its text."""

    page: Path
    line: int
    language: str
    kind: str | None
    file: str | None
    """Where a reader would put it, in the content folder."""
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line} {self.kind or self.language}"


def page(name: str) -> str:
    """The text of a page under `docs/`."""
    return (DOCS / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands under *heading* (without its `#`), up to the next heading of its level or above."""
    found: list[str] = []
    level = 0
    for line, prose in _lines(text):
        match = _HEADING.match(line) if prose else None
        if match and level and len(match[1]) <= level:
            break
        if match and not level and match[2] == heading:
            level = len(match[1])
        elif level:
            found.append(line)
    assert level, f"there is no heading {heading!r}"
    return "\n".join(found)


def headings(text: str) -> list[str]:
    """Every heading, without its `#`."""
    return [match[2] for line, prose in _lines(text) if prose and (match := _HEADING.match(line))]


def rows(text: str) -> list[tuple[str, ...]]:
    """The rows of every table in *text*, as cells; without headings."""
    lines = [line for line, prose in _lines(text) if prose]
    begins = {number + 2 for number, line in enumerate(lines[1:]) if re.fullmatch(r"\|( ?-+ ?\|)+", line)}
    found, inside = [], False
    for number, line in enumerate(lines):
        inside = (inside or number in begins) and line.startswith("|")
        if inside:
            found.append(tuple(cell.strip() for cell in line.strip("|").split(" | ")))
    return found


def first_cells(text: str) -> list[str]:
    """The first cell of each row, without backticks."""
    return [row[0].strip("`") for row in rows(text)]


def blocks(path: Path) -> Iterator[Block]:
    """Every fenced block of the page at *path*, without its indentation."""
    begun: tuple[int, str] | None = None
    inside: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fence = _FENCE.match(line)
        if fence and begun is None:
            begun, inside = (number, fence[1]), []
        elif fence and begun is not None:
            words = [*begun[1].split(), "", "", ""][:3]
            kind, file = (None, words[1]) if "/" in words[1] else (words[1] or None, words[2] or None)
            yield Block(path, begun[0], words[0], kind, file or None, "\n".join(inside) + "\n")
            begun = None
        elif begun is not None:
            inside.append(line)


def links(path: Path) -> Iterator[str]:
    """The targets of all links of the page at *path* that lead to something of ours: a path, an anchor, or both."""
    for line, prose in _lines(path.read_text(encoding="utf-8")):
        if prose:
            for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
                if "://" not in target and not target.startswith("mailto:"):
                    yield target


def anchor(heading: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def keys_of(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, str]]:
    """Every key of *model* as people write it (`policy.auto.risk`, `sweeps[].every`), with its default in words."""
    for name, field in model.model_fields.items():
        key, inner = before + (field.alias or name), _model_in(field.annotation)
        container = _CONTAINERS.get(getattr(field.annotation, "__origin__", None))
        if inner is None or container is not None:
            yield key, default_of(field)
        if inner is not None:
            yield from keys_of(inner, key + (container or "."))


def default_of(field: FieldInfo) -> str:
    """The default of a field, as a table shows it."""
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True)
    return in_words(value.value if isinstance(value, Enum) else value)


def in_words(value: Any) -> str:
    """A default as a table shows it: `5m`, `["*.log"]`, or none."""
    if value is None or value in ((), {}, [], ""):
        return "none"
    if isinstance(value, timedelta):
        value = format_duration(value)
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is prose: not a fence, nor inside of one."""
    inside = False
    for line in text.splitlines():
        fence = _FENCE.match(line) is not None
        inside ^= fence
        yield line, not inside and not fence
