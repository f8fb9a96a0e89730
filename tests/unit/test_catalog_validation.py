"""Laws 1 and 3 on parameters: only what the narrowed schema allows, and no string that anything could evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.schemas import NotApplicable, narrowed, schema_of
from catalog.strings import LONGEST, string_problem
from catalog.validation import check_parameters
from core.errors import Refused
from core.remedies import Parameter, ParameterType, Remedy
from tests.unit.content import host

PARAMETERS = (
    Parameter(
        name="service", type=ParameterType.STR, description="", required=True, from_inventory="fleetmend_services"
    ),
    Parameter(name="grace", type=ParameterType.INT, description="", default=5, minimum=0, maximum=60),
    Parameter(name="share", type=ParameterType.FLOAT, description="", minimum=0, maximum=1),
    Parameter(name="hard", type=ParameterType.BOOL, description="", default=False),
    Parameter(name="level", type=ParameterType.STR, description="", choices=("soft", "full")),
    Parameter(name="tag", type=ParameterType.STR, description="", pattern="[a-z]+"),
    Parameter(name="loose", type=ParameterType.STR, description="", pattern="(?s:.*)"),
)
PID = Parameter(name="pid", type=ParameterType.INT, description="", required=True, from_evidence="pid")


def remedy(*parameters: Parameter, needs: tuple[str, ...] = ()) -> Remedy:
    return Remedy(
        id="restart",
        title="Restart it",
        treats=("service_down",),
        risk="low",
        parameters=parameters,
        needs=needs,
        digest="0" * 64,
        vetted=True,
        root=Path("/content"),
        files=(),
        schema=schema_of(parameters),
    )


WEB1 = host("web1", fleetmend_services={"web": {}, "api": {}, "-x": {}, "{{ x }}": {}})
WEB2 = host("web2", fleetmend_services=["api", "db"])
RESTART = remedy(*PARAMETERS)


def check(**parameters: Any) -> dict[str, Any]:
    return check_parameters(RESTART, [WEB1], {}, parameters)


def test_defaults_are_filled_in_in_the_remedys_order() -> None:
    assert list(check(level="soft", service="web").items()) == [
        ("service", "web"),
        ("grace", 5),
        ("hard", False),
        ("level", "soft"),
    ]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "the parameter service is missing"),
    ({"service": "web", "extra": 1}, "unknown parameter 'extra'; it has service, grace"),
    ({"service": "db"}, "it must be one of web, api"),
    ({"service": "-x"}, "it begins with -"),
    ({"service": "{{ x }}"}, "it contains {{"),
    ({"service": ["web"]}, "it must be of type str"),
    ({"service": None}, "it must be of type str"),
    ({"service": "web", "grace": True}, "it must be of type int"),
    ({"service": "web", "grace": "5"}, "it must be of type int"),
    ({"service": "web", "grace": 5.0}, "it must be of type int"),
    ({"service": "web", "grace": -1}, "it must be at least 0"),
    ({"service": "web", "grace": 61}, "it must be at most 60"),
    ({"service": "web", "share": float("nan")}, "it must be of type float"),
    ({"service": "web", "share": float("inf")}, "it must be of type float"),
    ({"service": "web", "share": 1.5}, "it must be at most 1"),
    ({"service": "web", "hard": 1}, "it must be of type bool"),
    ({"service": "web", "level": "none"}, "it must be one of soft, full"),
    ({"service": "web", "tag": "abc1"}, "it must match [a-z]+"),
    ({"service": "web", "tag": "abc\n"}, "it contains a line break"),
    ({"service": "web", "tag": ""}, "it must match [a-z]+"),
    ({"service": "web", "loose": "a\nb"}, "it contains a line break"),
    ({"service": "web", "loose": "a\u2028b"}, "it contains a line break"),
    ({"service": "web", "loose": "a\x00b"}, "control character"),
    ({"service": "web", "loose": "\u202egpj.exe"}, "control character"),
    ({"service": "web", "loose": "@/etc/passwd"}, "it begins with @"),
    ({"service": "web", "loose": "!vault x"}, "it begins with !"),
    ({"service": "web", "loose": "  --all"}, "it begins with -"),
    ({"service": "web", "loose": "a{%b"}, "it contains {%"),
    ({"service": "web", "loose": "a{#b"}, "it contains {#"),
    ({"service": "web", "loose": "x" * (LONGEST + 1)}, "longer than 500"),
]


@pytest.mark.parametrize(("parameters", "message"), REFUSED, ids=[case[1] + repr(case[0])[:40] for case in REFUSED])
def test_what_is_refused_and_in_which_words(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused) as caught:
        check(**parameters)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_names_are_those_that_all_hosts_have() -> None:
    assert narrowed(RESTART, [WEB1], {})["properties"]["service"]["enum"] == ["web", "api"]
    assert narrowed(RESTART, [WEB1, WEB2], {})["properties"]["service"]["enum"] == ["api"]
    with pytest.raises(Refused, match="one of api"):
        check_parameters(RESTART, [WEB1, WEB2], {}, {"service": "web"})
    with pytest.raises(NotApplicable, match="no name in fleetmend_services"):
        narrowed(RESTART, [WEB1, host("web3", fleetmend_services={"other": {}})], {})
    assert "enum" not in RESTART.schema_["properties"]["service"], "the remedy's own schema stays as it is"


def test_needs_and_hosts() -> None:
    needy = remedy(needs=("fleetmend_folders",))
    assert check_parameters(needy, [host(fleetmend_folders={"a": {}})], {}, {}) == {}
    for variables in ({}, {"fleetmend_folders": {}}):
        with pytest.raises(NotApplicable, match="host web1 has no fleetmend_folders"):
            narrowed(needy, [host(**variables)], {})
    with pytest.raises(Refused, match="never means all"):
        narrowed(needy, [], {})


def test_evidence_is_constant() -> None:
    stop = remedy(PID)
    assert narrowed(stop, [WEB1], {"pid": 42})["properties"]["pid"]["const"] == 42
    assert check_parameters(stop, [WEB1], {"pid": 42}, {"pid": 42}) == {"pid": 42}
    with pytest.raises(Refused, match="it must be 42, as the evidence says"):
        check_parameters(stop, [WEB1], {"pid": 42}, {"pid": 1})
    with pytest.raises(NotApplicable, match="no evidence 'pid'"):
        narrowed(stop, [WEB1], {})


def test_what_is_not_required_and_has_nothing_to_choose_from_is_left_out_or_at_its_default() -> None:
    one = Parameter(name="unit", type=ParameterType.STR, description="", from_evidence="unit")
    two = Parameter(name="snapshot", type=ParameterType.STR, description="", from_evidence="snapshot", default="latest")
    three = Parameter(name="folder", type=ParameterType.STR, description="", from_inventory="fleetmend_folders")
    loose = remedy(one, two, three)
    assert check_parameters(loose, [WEB1], {}, {}) == {"snapshot": "latest"}
    for unfounded in ({"unit": "web"}, {"snapshot": "ab12"}, {"folder": "logs"}):
        with pytest.raises(Refused):
            check_parameters(loose, [WEB1], {}, unfounded)
    known = {"unit": "web", "snapshot": "ab12"}
    assert check_parameters(loose, [WEB1], known, known) == known
    with pytest.raises(Refused, match="as the evidence says"):
        check_parameters(loose, [WEB1], known, {"snapshot": "cd34"})


def test_one_of_several_has_to_be_given_where_the_card_says_so() -> None:
    unit = Parameter(name="unit", type=ParameterType.STR, description="", from_evidence="unit")
    service = Parameter(name="service", type=ParameterType.STR, description="", from_inventory="fleetmend_services")
    either = remedy(unit, service).evolve(any_of=("unit", "service"))
    with pytest.raises(Refused, match="at least one of unit, service"):
        check_parameters(either, [WEB1], {}, {})
    assert check_parameters(either, [WEB1], {}, {"service": "api"}) == {"service": "api"}
    with pytest.raises(NotApplicable, match="settles any of unit, service"):
        narrowed(either, [host("bare")], {})


@pytest.mark.parametrize("evidence", ["42", True, 4.2])
def test_evidence_of_another_type_is_not_used(evidence: Any) -> None:
    with pytest.raises(NotApplicable, match="not a usable int"):
        narrowed(remedy(PID), [WEB1], {"pid": evidence})


def test_hostile_evidence_is_not_used() -> None:
    text = PID.evolve(type=ParameterType.STR)
    with pytest.raises(NotApplicable, match="not a usable str"):
        narrowed(remedy(text), [WEB1], {"pid": "{{ lookup('pipe', 'id') }}"})


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("[a-z]+", "^[a-z]+$"), ("^[a-z]+$", "^[a-z]+$"), ("a|b", "^(a|b)$"), ("^a|b$", "^(a|b)$"), (r"\$", r"^\$$")],
)
def test_patterns_in_schemas_are_anchored_once(pattern: str, expected: str) -> None:
    parameter = Parameter(name="tag", type=ParameterType.STR, description="", pattern=pattern)
    assert schema_of([parameter])["properties"]["tag"]["pattern"] == expected


@given(st.text())
def test_no_string_that_gets_through_can_be_evaluated(text: str) -> None:
    try:
        checked = check(service="web", loose=text)["loose"]
    except Refused:
        return
    assert checked == text
    assert not any(mark in text for mark in ("{{", "{%", "{#"))
    assert not text.startswith(("-", "@", "!"))
    assert text.splitlines() in ([text], [])
    assert len(text) <= LONGEST


@given(st.text(), st.sampled_from(["{{", "{%", "{#", "\n", "\r", "\0", "\x1b"]), st.text())
def test_a_template_or_control_character_anywhere_is_refused(before: str, mark: str, after: str) -> None:
    with pytest.raises(Refused):
        check(service="web", loose=before + mark + after)


@given(st.text(alphabet="abc-_.:/@ äß日", max_size=LONGEST))
def test_plain_text_gets_through(text: str) -> None:
    refused = text.lstrip().startswith(("-", "@"))
    assert (string_problem(text) is not None) == refused


ANY = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()))


@given(st.dictionaries(st.sampled_from(["service", "grace", "share", "hard", "level", "tag", "other"]), ANY))
def test_law_one_whatever_is_accepted_satisfies_the_schema(parameters: dict[str, Any]) -> None:
    parameters = {"service": "web"} | parameters
    try:
        checked = check(**parameters)
    except Refused:
        return
    jsonschema.validate(checked, narrowed(RESTART, [WEB1], {}))
    assert parameters.items() <= checked.items()
    assert type(checked["grace"]) is int
    assert checked["service"] in ("web", "api")
