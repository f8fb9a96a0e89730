"""Cards and argument specs: what is accepted, and the one line that says what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput
from core.remedies import ParameterType
from tests.unit.content import SERVICE_OPTION, load_remedy_from, write, write_remedy

GRACE = {"type": "int", "default": 5, "description": "Seconds."}

BAD_CARDS: list[tuple[str, dict[str, Any], str]] = [
    ("unknown key", {"riks": "low"}, "riks: unknown key; allowed here: any_of, bind_diff"),
    (
        "unknown parameter key",
        {"parameters": {"service": {"form": "x"}}},
        "parameters.service.form: unknown key; allowed",
    ),
    ("wrong risk", {"risk": "tiny"}, "risk: should be 'low', 'medium' or 'high'"),
    (
        "unknown symptom",
        {"treats": ["service_dwn"]},
        "treats.0: unknown symptom 'service_dwn'; allowed here: disk_full",
    ),
    ("unknown undo", {"undo": "unrestart"}, "undo: unknown remedy 'unrestart'"),
    ("no such option", {"parameters": {"unit": {"from": "x"}}}, "no option restart_unit; its options: grace, service"),
    ("two sources", {"parameters": {"service": {"from": "x", "evidence": "y"}}}, "give only one of from and evidence"),
    ("free text", {"parameters": {"service": {}}}, "parameters.service: a free text is not for a planner"),
    ("unbounded number", {"parameters": {"grace": {"minimum": 0}}}, "parameters.grace: a number needs bounds"),
    ("bounds of a text", {"parameters": {"service": {"pattern": "a", "maximum": 3}}}, "maximum does not go with"),
    ("turned bounds", {"parameters": {"grace": {"minimum": 3, "maximum": 1}}}, "minimum must not lie above maximum"),
    (
        "bad pattern",
        {"parameters": {"service": {"pattern": "("}}},
        "parameters.service.pattern: not a regular expression",
    ),
    ("number from the inventory", {"parameters": {"grace": {"from": "x"}}}, "names from the inventory are of type str"),
    ("bad duration", {"cooldown": "soon"}, "cooldown: 'soon' is not a duration"),
    ("no time", {"timeout": "0s"}, "timeout must be longer than 0s"),
    ("no reach", {"reach": {"max_hosts": 0}}, "reach must allow at least one host"),
]


@pytest.mark.parametrize(("card", "message"), [case[1:] for case in BAD_CARDS], ids=[case[0] for case in BAD_CARDS])
def test_a_bad_card_is_one_line_with_file_line_and_key(tmp_path: Path, card: dict[str, Any], message: str) -> None:
    path = write_remedy(tmp_path, card=card, options={"service": SERVICE_OPTION, "grace": GRACE} | {})
    if "parameters" not in card:
        write_remedy(tmp_path, card=card)
    with pytest.raises(BadInput) as caught:
        load_remedy_from(tmp_path)
    text = str(caught.value)
    assert message in text
    assert text.startswith(f"{path}:")
    assert "\n" not in text


def test_the_line_is_that_of_the_key(tmp_path: Path) -> None:
    path = write_remedy(tmp_path)
    write(path, path.read_text() + "cooldwon: 3m\n")
    with pytest.raises(BadInput) as caught:
        load_remedy_from(tmp_path)
    assert caught.value.line == len(path.read_text().splitlines())


BAD_OPTIONS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("a list", {"type": "list"}, {"pattern": "a"}, "a parameter can't be of type list"),
    (
        "default of another type",
        {"type": "int", "default": "5"},
        {"minimum": 0, "maximum": 9},
        "'5' is not of type int",
    ),
    (
        "a truth value as number",
        {"type": "int", "default": True},
        {"minimum": 0, "maximum": 9},
        "True is not of type int",
    ),
    (
        "templated default",
        {"type": "str", "default": "{{ x }}"},
        {"pattern": ".*"},
        "can't be passed on: it contains {{",
    ),
    ("templated choice", {"type": "str", "choices": ["a", "{% x %}"]}, {}, "can't be passed on: it contains {%"),
]


@pytest.mark.parametrize(
    ("option", "given", "message"), [case[1:] for case in BAD_OPTIONS], ids=[case[0] for case in BAD_OPTIONS]
)
def test_a_bad_option_points_at_the_argument_spec(
    tmp_path: Path, option: dict[str, Any], given: dict[str, Any], message: str
) -> None:
    write_remedy(tmp_path, card={"parameters": {"it": given}}, options={"it": option})
    with pytest.raises(BadInput) as caught:
        load_remedy_from(tmp_path)
    assert caught.value.file == tmp_path / "roles/restart/meta/argument_specs.yml"
    assert caught.value.line is not None
    assert message in str(caught.value)


def test_a_whole_card(tmp_path: Path) -> None:
    card = {
        "parameters": {"service": {"from": "fleetmend_services"}, "grace": {"minimum": 0, "maximum": 60}},
        "needs": ["fleetmend_tcp"],
        "reads": ["fleetmend_http"],
        "verify": {"within": "90s"},
        "reach": {"max_hosts": "25%", "waves": [1, "50%"]},
    }
    write_remedy(tmp_path, card=card, options={"service": SERVICE_OPTION, "grace": GRACE})
    remedy = load_remedy_from(tmp_path)
    service, grace = remedy.parameters
    assert (service.type, service.required, service.from_inventory) == (ParameterType.STR, True, "fleetmend_services")
    assert (grace.type, grace.required, grace.default, grace.maximum) == (ParameterType.INT, False, 5, 60)
    assert remedy.reads == ("fleetmend_http", "fleetmend_services", "fleetmend_tcp")
    assert remedy.verify.within.total_seconds() == 90
    assert remedy.reach.max_hosts == 0.25
    assert remedy.reach.waves == (1, 0.5)
    assert remedy.schema_["properties"]["grace"] == {
        "type": "integer",
        "description": "Seconds.",
        "minimum": 0,
        "maximum": 60,
        "default": 5,
    }
    assert remedy.schema_["required"] == ["service"]
    assert remedy.schema_["additionalProperties"] is False


def test_only_listed_options_are_parameters(tmp_path: Path) -> None:
    options = {"service": SERVICE_OPTION, "inner": {"type": "dict"}}
    write_remedy(tmp_path, card={"parameters": {"service": {"from": "fleetmend_services"}}}, options=options)
    assert [parameter.name for parameter in load_remedy_from(tmp_path).parameters] == ["service"]


def test_a_remedy_needs_its_playbook_and_its_role(tmp_path: Path) -> None:
    path = write_remedy(tmp_path)
    write(path.with_name("restart.yml"), [{"hosts": "all", "tasks": []}])
    with pytest.raises(BadInput, match="the playbook does not apply the role restart"):
        load_remedy_from(tmp_path)
    path.with_name("restart.yml").unlink()
    with pytest.raises(BadInput, match=r"its playbook restart\.yml is missing"):
        load_remedy_from(tmp_path)


def test_the_name_of_a_remedy_is_checked(tmp_path: Path) -> None:
    write_remedy(tmp_path, "Re-start")
    with pytest.raises(BadInput, match="the name of a remedy has"):
        load_remedy_from(tmp_path)


def test_a_remedy_may_be_for_anything(tmp_path: Path) -> None:
    write_remedy(tmp_path, card={"treats": "any"})
    assert load_remedy_from(tmp_path).treats == ("any",)
    write_remedy(tmp_path, card={"treats": ["any", "disk_full"]})
    with pytest.raises(BadInput, match="unknown symptom 'any'"):
        load_remedy_from(tmp_path)
