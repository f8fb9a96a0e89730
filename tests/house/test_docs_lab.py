"""The page about scenarios against the code: every key has its line, with its default."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from lab.proving.scenario import Again, Change, Check, Detected, HttpCheck, Scenario, SshCheck, Undo
from tests.house.pages import default_of, page, rows, section


def defaults(heading: str) -> dict[str, str]:
    """Key -> default, of the table under *heading*, up to the next heading of any level."""
    text = section(page("reference/scenarios.md"), heading).split("\n#")[0]
    return {row[0].strip("`"): row[2] for row in rows(text)}


@pytest.mark.parametrize(
    ("model", "heading"),
    [
        (Scenario, "Keys"),
        (Detected, "detected"),
        (Check, "Checks"),
        (HttpCheck, "http"),
        (SshCheck, "ssh"),
        (Change, "Changes"),
        (Again, "again"),
        (Undo, "undo"),
    ],
    ids=str,
)
def test_every_key_of_a_scenario_has_its_line(model: type[BaseModel], heading: str) -> None:
    written = defaults(heading)
    fields = {field.alias or name: field for name, field in model.model_fields.items() if name != "name"}
    assert written.keys() == fields.keys()
    for key, field in fields.items():
        if not isinstance(field.default, BaseModel):  # what is in it has a table of its own
            assert written[key] == default_of(field), key
