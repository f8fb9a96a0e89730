"""Every place that writes has a name of its own, so that the crash matrix can kill a process there."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from core.points import Point
from loop.engine import STEPS

ROOT = Path(__file__).resolve().parents[2]
ROOMS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["packages"]
PASSES_ON = {"store/store.py: self._database.write(point, urgent=urgent)"}
"""Hands the caller's point on."""
BEFORE_ANY_INCIDENT = {"store/journal_key.py: database.write()"}
"""Written once, when a store is opened for the first time: there is nothing yet that could be lost."""


def writes() -> Iterator[tuple[str, ast.Call]]:
    """Each `with ….write(…)` of the house, with its place in words, and each write that is handed on."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                expressions = [item.context_expr for item in node.items] if isinstance(node, ast.With) else []
                expressions += [node.value] if isinstance(node, ast.Return) and node.value is not None else []
                for one in expressions:
                    if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "write":
                        yield f"{path.relative_to(ROOT)}: {ast.unparse(one)}", one


def named(call: ast.Call) -> Point | None:
    [given] = call.args or [None]
    if isinstance(given, ast.Attribute) and ast.unparse(given.value) == "Point":
        return Point[given.attr]
    return None


def test_every_write_names_its_point() -> None:
    assert {place for place, call in writes() if named(call) is None} == PASSES_ON | BEFORE_ANY_INCIDENT


def test_a_point_is_one_place_and_its_file_is_in_its_name() -> None:
    places = [(place, named(call)) for place, call in writes() if named(call) is not None]
    assert Counter(point for _, point in places) == dict.fromkeys(Point, 1)
    assert [place for place, point in places if Path(place.split(":")[0]).stem != str(point).split(".")[0]] == []


def test_every_step_has_a_point() -> None:
    files = {str(point).split(".")[0] for point in Point}
    assert {step.__module__.rpartition(".")[2] for step in STEPS.values()} <= files
