"""What a host printed: good answers become samples, everything else becomes `probe.ok` 0, and nothing raises."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.samples import Reading, Sample
from monitor.programs import Program
from monitor.readings import LARGEST, MOST, clean, read

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PROGRAM = Program(
    host="h1",
    command="true",
    probes=("host", "services", "queue"),
    carried=frozenset({"host", "services", "queue"}),
    subjects={"services": {"web": "web", "db": None}},
    problems={},
)
UP = [{"name": "service.up", "subject": key, "value": 1, "evidence": {"state": "RUNNING"}} for key in ("web", "db")]
CPU = {"name": "cpu.used", "subject": "", "value": 0.5, "evidence": {"top1": "python3", "top1_pid": 7}}


def line(probe: str, *items: Any) -> str:
    return "fleetmend:" + json.dumps({"probe": probe, "items": items}) + "\n"


GOOD = {"host": line("host", CPU), "services": line("services", *UP), "queue": line("queue")}


def read_text(text: str, program: Program = PROGRAM) -> tuple[dict[tuple[str, str], Sample], dict[str, str]]:
    """({(name, subject): sample} without the probe.ok, {probe that is not ok: its error})"""
    samples = read(Reading(host="somebody-else", reachable=True, output=text), program, NOW)
    oks = {sample.subject: sample for sample in samples if sample.name == "probe.ok"}
    assert set(oks) == set(program.probes)
    assert all(sample.host == "h1" for sample in samples)
    values = {(sample.name, sample.subject): sample for sample in samples if sample.name != "probe.ok"}
    return values, {probe: str(ok.evidence["error"]) for probe, ok in oks.items() if ok.value == 0}


def test_a_good_answer_between_other_noise() -> None:
    values, errors = read_text("Welcome to h1!\n" + "".join(GOOD.values()).replace("\n", "\r\n") + "bye")
    assert errors == {}
    assert values["cpu.used", ""].value == 0.5
    assert values["cpu.used", ""].evidence == {"top1": "python3", "top1_pid": 7}
    assert values["service.up", "web"].service == "web"
    assert values["service.up", "db"].service is None


def test_a_host_that_was_not_reached_says_nothing() -> None:
    assert read(Reading(host="h1", reachable=False, output="".join(GOOD.values())), PROGRAM, NOW) == ()


def test_silence_names_the_problem() -> None:
    reading = Reading(host="h1", reachable=True, problem="rc 127: python3: not found")
    oks = read(reading, PROGRAM, NOW)
    assert [ok.value for ok in oks] == [0, 0, 0]
    assert "python3: not found" in str(oks[0].evidence["error"])


def item(**changes: Any) -> dict[str, Any]:
    return {"name": "queue.length", "value": 3, "subject": "mail"} | changes


@pytest.mark.parametrize(
    "broken",
    [
        "fleetmend:{",
        "fleetmend:[]",
        "fleetmend:null",
        "fleetmend:" + "[" * 50_000,
        'fleetmend:{"probe": "queue"}',
        'fleetmend:{"probe": ["queue"], "items": []}',
        'fleetmend:{"probe": "queue", "items": {"name": 1}}',
        line("queue", 7),
        line("queue", item(name="Queue Length")),
        line("queue", item(name="service.up")),
        line("queue", item(name="host.reachable")),
        line("queue", item(name="probe.ok")),
        line("queue", item(name=None)),
        line("queue", item(subject=4)),
        line("queue", item(value=None)),
        line("queue", item(value=[1])),
        line("queue", item(value=float("nan"))),
        line("queue", item(value=float("inf"))),
        line("queue", item(value=10**30)),
        'fleetmend:{"probe": "queue", "items": [{"name": "a", "value": 1e999}]}',
        'fleetmend:{"probe": "queue", "items": [{"name": "a", "value": ' + "9" * 5000 + "}]}",
        line("queue", item(evidence=[1])),
        line("queue", item(evidence={"Bad Key": 1})),
        line("queue", item(evidence={"k": {"nested": 1}})),
        line("queue", item(evidence={"k": float("nan")})),
        line("queue", item(evidence={f"k{n}": n for n in range(41)})),
        line("queue", item(), item()),
        line("queue", {"problem": "no queue here"}),
        "",
    ],
)
def test_a_broken_answer_costs_its_own_probe_alone(broken: str) -> None:
    values, errors = read_text(GOOD["host"] + broken + "\n" + GOOD["services"])
    assert set(errors) == {"queue"}
    assert ("service.up", "web") in values
    assert ("cpu.used", "") in values


def test_good_samples_of_a_probe_stay_beside_bad_ones() -> None:
    values, errors = read_text(GOOD["host"] + GOOD["services"] + line("queue", item(), item(name="!")))
    assert values["queue.length", "mail"].value == 3
    assert "queue" in errors


def test_a_user_probe_may_give_a_state() -> None:
    values, errors = read_text(GOOD["host"] + GOOD["services"] + line("queue", item(value="de\x1bgraded\n")))
    assert errors == {}
    assert values["queue.length", "mail"].value == "degraded"


def test_a_shipped_probe_speaks_only_of_its_own_samples_and_subjects() -> None:
    _, errors = read_text(GOOD["host"] + GOOD["queue"] + line("services", *UP, CPU))
    assert "not for this probe" in errors["services"]
    other = UP[0] | {"subject": "sshd"}
    values, errors = read_text(GOOD["host"] + GOOD["queue"] + line("services", *UP, other))
    assert "not in the inventory" in errors["services"]
    assert ("service.up", "sshd") not in values
    _, errors = read_text(GOOD["host"] + GOOD["queue"] + line("services", UP[0] | {"value": "up"}))
    assert "finite number" in errors["services"]


def test_a_subject_that_is_left_out_is_a_failure() -> None:
    _, errors = read_text(GOOD["host"] + GOOD["queue"] + line("services", UP[0]))
    assert errors == {"services": "no answer about db"}


def test_an_answer_that_was_not_asked_for_counts_for_nothing() -> None:
    values, errors = read_text("".join(GOOD.values()) + line("folders", {"name": "folder.used", "value": 2}))
    assert errors == {}
    assert ("folder.used", "") not in values


def test_the_first_answer_of_a_probe_counts() -> None:
    values, _ = read_text("".join(GOOD.values()) + line("host", CPU | {"value": 0.9}))
    assert values["cpu.used", ""].value == 0.5


def test_texts_are_made_harmless() -> None:
    evil = "a\x00b\x1b[31m\u202eright\ud800" + "x" * 1000
    values, errors = read_text(
        GOOD["host"] + GOOD["services"] + line("queue", item(evidence={"k": evil}, subject="a b\n<"))
    )
    assert errors == {}
    (sample,) = [sample for (name, _), sample in values.items() if name == "queue.length"]
    assert sample.subject == "a_b__"
    assert sample.evidence["k"] == ("ab[31mright" + "x" * 1000)[:500]
    assert clean("two\nlines\tand  more") == "two lines and more"


def test_too_many_samples() -> None:
    many = [item(subject=str(number)) for number in range(MOST + 10)]
    values, errors = read_text(GOOD["host"] + GOOD["services"] + line("queue", *many))
    assert len(values) == MOST
    assert "more than 2000" in errors["queue"]


def test_too_much_text() -> None:
    values, errors = read_text(GOOD["host"] + "x" * LARGEST + "\n" + GOOD["services"])
    assert ("cpu.used", "") in values
    assert "too long" in errors["services"]


def test_what_was_wrong_before_it_ran_is_told_beside_good_samples() -> None:
    program = PROGRAM.evolve(problems={"services": ("fleetmend_services.x: unit: bad",)})
    values, errors = read_text("".join(GOOD.values()), program)
    assert errors == {"services": "fleetmend_services.x: unit: bad"}
    assert ("service.up", "web") in values


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ITEM = st.fixed_dictionaries(
    {},
    optional={"name": st.text(max_size=8) | st.just("queue.length"), "value": JSON, "subject": JSON, "evidence": JSON},
)


@given(items=st.lists(JSON | ITEM, max_size=4), noise=st.text(max_size=50))
def test_no_answer_raises(items: list[Any], noise: str) -> None:
    values, errors = read_text(noise + "\n" + GOOD["host"] + line("queue", *items) + "fleetmend:" + noise)
    assert ("cpu.used", "") in values
    assert "services" in errors
