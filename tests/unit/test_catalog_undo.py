"""A card's undo has to be there, and has to be one that the parameters at hand can fill in."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.load import load_catalog
from tests.unit.content import SERVICE_OPTION, load_remedy_from, write_remedy, write_shipped

UNIT = {"type": "str", "required": True, "choices": ["a", "b"], "description": "A unit."}
COUNT = {"type": "int", "required": True, "choices": [1, 2], "description": "How many."}


def pair(content: Path, options: dict, undo_options: dict) -> None:
    write_shipped(content)
    write_remedy(content, "slow", options=options, card={"undo": "free"})
    write_remedy(content, "free", options=undo_options, card={"treats": []})


@pytest.mark.parametrize(
    ("options", "undo_options"),
    [
        ({"service": SERVICE_OPTION}, {"service": SERVICE_OPTION}),
        ({"service": SERVICE_OPTION}, {}),
        ({}, {"count": COUNT | {"required": False, "default": 1}}),
    ],
    ids=["the same", "fewer", "one more that has a default"],
)
def test_an_undo_that_can_be_filled_in(tmp_path, options, undo_options):
    pair(tmp_path, options, undo_options)
    remedy = load_remedy_from(tmp_path, "slow")
    assert (remedy.undo, remedy.reversible) == ("free", True)


@pytest.mark.parametrize(
    ("options", "undo_options", "words"),
    [
        ({}, {"unit": UNIT}, "free needs the parameter unit, which slow does not have"),
        ({"unit": UNIT}, {"unit": COUNT}, "unit is of type str here, and of type int in free"),
    ],
)
def test_an_undo_that_can_t_be_filled_in_costs_the_remedy(tmp_path, options, undo_options, words):
    pair(tmp_path, options, undo_options)
    catalog = load_catalog(tmp_path, tmp_path)
    assert list(catalog.remedies) == ["free"]
    [problem] = catalog.problems
    assert words in str(problem)
    assert "slow.remedy.yml" in str(problem)


def test_two_may_be_the_undo_of_each_other(tmp_path):
    pair(tmp_path, {}, {})
    write_remedy(tmp_path, "free", options={}, card={"treats": [], "undo": "slow"})
    assert load_catalog(tmp_path, tmp_path).problems == ()
