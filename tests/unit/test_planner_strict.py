"""Law 1: whatever a model answers, only what it was shown gets through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ModelFailed, Refused
from core.plans import Abstention, Proposal
from planner.answers import Unusable, read_object
from planner.model_chooser import ModelChooser
from planner.planner import Planner
from tests.ollama_server import smallest
from tests.planning import (
    SERVICE_RESTART,
    Remembered,
    make_catalog,
    make_fleet,
    make_incident,
    make_lesson,
    make_request,
    make_step,
)


class Scripted:
    """A chat that answers a question by the title of its schema; an exception is raised."""

    name = "test:scripted"

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, []

    def ask(self, system: str, question: str, schema: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((system, question, schema))
        answer = self.answers.get(schema["title"], smallest(schema))
        if isinstance(answer, Exception):
            raise answer
        return answer


def plan(chat, incident=None, *lessons, **fleet):
    planner = Planner(ModelChooser(chat), Remembered(lessons))
    return planner.propose(incident or make_incident(), make_fleet(**fleet), make_catalog())


GOOD = {"remedy": "service_restart", "reason": "it is down"}


def test_a_good_answer_becomes_a_proposal_of_the_model():
    chat = Scripted(choice=GOOD, parameters={"service": "db"})
    planning = plan(chat)
    assert planning.result.steps == (make_step(SERVICE_RESTART, "alpha", service="db"),)
    assert planning.result.proposer == "model:test:scripted"
    assert planning.result.reasons[0] == "the model says: it is down"
    assert [one.step.remedy for one in planning.result.alternatives] == ["diagnostics_collect"]
    assert planning.refusals == ()


def test_nothing_left_to_choose_takes_one_question_only():
    chat = Scripted(choice={"remedy": "diagnostics_collect", "reason": ""})
    assert plan(chat).result.steps[0].remedy == "diagnostics_collect"
    assert [schema["title"] for _, _, schema in chat.asked] == ["canary", "choice"]


def test_an_abstention_is_honoured():
    result = plan(Scripted(choice={"remedy": "abstain", "reason": "two causes"})).result
    assert isinstance(result, Abstention)
    assert (result.proposer, result.reason) == ("model:test:scripted", "the model says: two causes")


BREAKING = [
    ({"remedy": "rm_rf", "reason": ""}, None, "not among the remedies"),
    ({"remedy": "log_cleanup", "reason": "in the catalog, but no candidate"}, None, "not among the remedies"),
    ({"remedy": ["service_restart"], "reason": ""}, None, "not among the remedies"),
    ({"reason": "none named"}, None, "not among the remedies"),
    (GOOD | {"command": "reboot"}, None, "'command'"),
    (GOOD | {"hosts": ["beta"]}, None, "'hosts'"),
    (GOOD, {"service": "mail"}, "service"),
    (GOOD, {"service": "web\nrm"}, "service"),
    (GOOD, {"service": ["web"]}, "service"),
    (GOOD, {}, "service"),
    (GOOD, {"service": "web", "hosts": "all"}, "'hosts'"),
]


@pytest.mark.parametrize(("choice", "parameters", "why"), BREAKING)
def test_what_breaks_law_1_is_refused_and_rules_answer(choice, parameters, why):
    answers = {"choice": choice} | ({} if parameters is None else {"parameters": parameters})
    planning = plan(Scripted(**answers))
    assert len(planning.refusals) == 1
    assert why in planning.refusals[0]
    assert "\n" not in planning.refusals[0]
    assert planning.result.proposer == "rules"
    assert planning.result.steps == (make_step(SERVICE_RESTART, "alpha", service="web"),)
    assert "refused" in planning.result.reasons[0]


@given(
    st.dictionaries(st.sampled_from(["remedy", "reason", "hosts", "x"]), st.text() | st.none() | st.lists(st.text())),
    st.dictionaries(st.sampled_from(["service", "x"]), st.text() | st.integers() | st.none()),
)
def test_no_answer_leads_to_a_step_outside_the_incident(choice, parameters):
    planning = plan(Scripted(choice=choice, parameters=parameters))
    assert isinstance(planning.result, Proposal | Abstention)
    steps = planning.result.steps if isinstance(planning.result, Proposal) else ()
    for step in steps:
        assert step.remedy in planning.candidates
        assert step.hosts == ("alpha",)
        assert step.parameters.get("service") in (None, "web", "db")


def test_a_failure_of_the_model_falls_back_and_never_gains_autonomy():
    lesson = make_lesson("service_restart", 50, 50)
    by_rules = Planner(None, Remembered((lesson,))).propose(make_incident(), make_fleet(), make_catalog())
    assert by_rules.result.confidence > 0.9
    planning = plan(Scripted(choice=ModelFailed("no answer")), make_incident(), lesson)
    assert (planning.result.proposer, planning.result.confidence) == ("rules", 0.8)
    assert planning.result.reasons[0] == "the rules chose, because no answer"
    assert planning.refusals == ()


def test_a_models_choice_between_causes_is_as_uncertain_as_that_of_the_rules():
    chat = Scripted(choice={"remedy": "config_restore", "reason": "certainly"})
    result = plan(chat, make_incident("http_unhealthy", "web", service="web")).result
    assert result.steps[0].remedy == "config_restore"
    assert result.confidence <= 0.6


class TestSeveralHosts:
    def ask(self, **choice):
        chat = Scripted(choice={"remedy": "service_restart", "reason": ""} | choice, parameters={"service": "web"})
        return plan(chat, make_request("do something about web", hosts=("alpha", "beta")))

    def test_a_model_picks_hosts_out_of_the_scope(self):
        result = self.ask(hosts=["beta"]).result
        assert result.steps == (make_step(SERVICE_RESTART, "beta", service="web"),)
        assert result.confidence <= 0.6

    @pytest.mark.parametrize("hosts", [["gamma"], ["alpha", "gamma"], ["all"], [], "alpha", None, [1]])
    def test_a_host_outside_the_scope_is_refused(self, hosts):
        planning = self.ask(hosts=hosts)
        assert len(planning.refusals) == 1
        assert isinstance(planning.result, Abstention)


class TestCanary:
    def test_a_model_that_follows_the_prompt_instead_of_the_schema_never_plans(self):
        chat = Scripted(canary={"fruit": "banana"}, choice=GOOD)
        chooser = ModelChooser(chat)
        for _ in range(2):
            with pytest.raises(ModelFailed, match="not fit to plan"):
                chooser.check()
        assert len(chat.asked) == 1
        assert plan(chat).result.proposer == "rules"

    def test_prose_is_a_leak_too(self):
        chooser = ModelChooser(Scripted(canary=Unusable("the model's answer is not one JSON object")))
        with pytest.raises(ModelFailed, match="not fit to plan"):
            chooser.check()

    def test_a_model_that_was_away_is_asked_again(self):
        chat = Scripted(canary=ModelFailed("connection refused"))
        chooser = ModelChooser(chat)
        with pytest.raises(ModelFailed, match="connection refused"):
            chooser.check()
        del chat.answers["canary"]
        chooser.check()
        chooser.check()
        assert len(chat.asked) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sure! Restart it.",
        '{"remedy": "service_restart", "reason": "tr',
        '{"remedy": "a", "remedy": "b"}',
        '{"remedy": "a"} and more',
        '{"remedy": NaN}',
        '{"remedy": Infinity}',
        '["service_restart"]',
        '"service_restart"',
        "```json\n{}\n```",
        "[" * 5000,
        '{"a": "' + "x" * 20_000 + '"}',
    ],
)
def test_only_one_strict_json_object_is_read(text):
    with pytest.raises(Unusable):
        read_object(text)


def test_an_object_is_read_as_it_is():
    assert read_object(' {"a": 1, "b": "ü"}\n') == {"a": 1, "b": "ü"}


def test_refusals_are_final():
    assert not issubclass(Refused, ModelFailed)
