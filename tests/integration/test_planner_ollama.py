"""The planner against a real HTTP server that speaks Ollama's protocol, through LangChain."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from datetime import timedelta

import httpx
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableLambda

from core.errors import ModelFailed
from core.plans import Proposal
from core.settings import Settings
from outgoing.clients import Bounded
from planner.answers import Unusable
from planner.chat import CONTEXT, LONGEST_ANSWER, Chat, open_chat
from planner.model_chooser import ModelChooser
from planner.models import DEFAULT_MODEL, build_chooser, detect_ollama
from planner.planner import Planner
from tests.ollama_server import OllamaServer, Reply
from tests.planning import SERVICE_RESTART, Remembered, make_catalog, make_fleet, make_incident, make_step

GOOD = {
    "choice": Reply.of(reason="it is down", remedy="service_restart"),
    "parameters": Reply.of(service="db"),
}
SCHEMA = {"title": "choice", "type": "object", "properties": {"remedy": {"type": "string"}}, "required": ["remedy"]}


def planner_for(server, seconds=20.0):
    settings = Settings(model=DEFAULT_MODEL, ollama_url=server.url, model_timeout=timedelta(seconds=seconds))
    return Planner(build_chooser(settings), Remembered())


def plan(server, seconds=20.0):
    return planner_for(server, seconds).propose(make_incident(), make_fleet(), make_catalog())


def test_a_model_plans_in_two_questions_after_the_canary():
    with OllamaServer(dict(GOOD)) as server:
        planning = plan(server)
    assert planning.result.steps == (make_step(SERVICE_RESTART, "alpha", service="db"),)
    assert planning.result.proposer == f"model:{DEFAULT_MODEL}"
    titles = [request["format"]["title"] for request in server.requests]
    assert titles == ["canary", "choice", "parameters"]


def test_requests_are_bounded_and_deterministic():
    with OllamaServer(dict(GOOD)) as server:
        plan(server)
    for request in server.requests:
        assert request["model"] == "qwen2.5:7b-instruct"
        assert request["options"] == {"num_ctx": CONTEXT, "num_predict": LONGEST_ANSWER, "temperature": 0.0}
        assert request["think"] is False
    choice, parameters = server.asked("choice")[0], server.asked("parameters")[0]
    assert choice["messages"][0] == parameters["messages"][0]
    assert choice["messages"][0]["role"] == "system"


def test_a_grammar_that_takes_the_first_choice_is_planned_with():
    with OllamaServer() as server:
        planning = plan(server)
    assert isinstance(planning.result, Proposal)
    assert planning.result.proposer.startswith("model:")


REFUSED = [
    ("unknown remedy", {"choice": Reply.of(reason="", remedy="host_reboot")}),
    ("invented parameter", GOOD | {"parameters": Reply.of(service="web", command="reboot")}),
    ("value outside the inventory", GOOD | {"parameters": Reply.of(service="sshd")}),
    ("host outside", {"choice": Reply.of(reason="", remedy="service_restart", hosts=["gamma"])}),
]
FAILED = [
    ("truncated", {"choice": Reply('{"reason": "x", "remedy": "service_restart', done_reason="length")}),
    ("truncated, but closed", {"choice": Reply(GOOD["choice"].text, done_reason="length")}),
    ("truncated without a word", {"choice": Reply('{"reason": "x", "remedy": "service_restart')}),
    (
        "duplicate keys",
        {"choice": Reply('{"reason": "", "remedy": "diagnostics_collect", "remedy": "service_restart"}')},
    ),
    ("prose", {"choice": Reply("I would restart the service.")}),
    ("empty", {"choice": Reply("")}),
    ("error of the server", {"choice": Reply(status=500)}),
    ("unknown model", {"choice": Reply(status=404)}),
    ("overflow", {"choice": Reply(GOOD["choice"].text, prompt_eval_count=CONTEXT)}),
    ("leaking canary", GOOD | {"canary": Reply.of(fruit="banana")}),
    ("prose for a canary", GOOD | {"canary": Reply("banana")}),
]


@pytest.mark.parametrize(("name", "replies"), REFUSED, ids=[name for name, _ in REFUSED])
def test_an_answer_that_breaks_law_1_is_refused_and_rules_plan(name, replies):
    with OllamaServer(dict(replies)) as server:
        planning = plan(server)
    assert planning.refusals
    assert planning.result.proposer == "rules"
    assert planning.result.steps == (make_step(SERVICE_RESTART, "alpha", service="web"),)
    assert planning.result.confidence <= 0.8


@pytest.mark.parametrize(("name", "replies"), FAILED, ids=[name for name, _ in FAILED])
def test_a_model_that_gives_no_usable_answer_leaves_it_to_the_rules(name, replies):
    with OllamaServer(dict(replies)) as server:
        planning = plan(server)
    assert planning.refusals == ()
    assert planning.result.proposer == "rules"
    assert planning.result.reasons[0].startswith("the rules chose, because")
    assert "\n" not in planning.result.reasons[0]


def test_a_server_that_dribbles_is_left_at_the_limit():
    with OllamaServer({"choice": Reply(dribble=True)}) as server:
        chat = open_chat(DEFAULT_MODEL, ollama_url=server.url, limit=timedelta(seconds=0.4))
        began = time.monotonic()
        with pytest.raises(ModelFailed, match="no answer within 400ms"):
            chat.ask("", "", SCHEMA)
        assert time.monotonic() - began < 10
        for thread in [one for one in threading.enumerate() if one.name == "fleetmend-model"]:
            thread.join(timeout=10)
            assert not thread.is_alive(), "the exchange that was given up goes on"


def test_the_transport_ends_a_dribbling_exchange_by_itself():
    with (
        OllamaServer({"": Reply(dribble=True)}) as server,
        httpx.Client(transport=Bounded(0.3)) as client,
        pytest.raises(httpx.ReadTimeout),
    ):
        client.post(f"{server.url}/api/chat", json={})


@contextlib.contextmanager
def refusing_port():
    """The URL of a port that is ours and that nothing listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def test_a_server_that_is_not_there_leaves_it_to_the_rules():
    with refusing_port() as url:
        chooser = build_chooser(Settings(model=DEFAULT_MODEL, ollama_url=url))
        result = Planner(chooser, Remembered()).propose(make_incident(), make_fleet(), make_catalog()).result
    assert result.proposer == "rules"
    assert DEFAULT_MODEL in result.reasons[0]


def test_a_prompt_that_cannot_fit_is_not_sent():
    with OllamaServer() as server:
        chat = open_chat(DEFAULT_MODEL, ollama_url=server.url, limit=timedelta(seconds=5))
        with pytest.raises(ModelFailed, match="would not fit"):
            chat.ask("x" * CONTEXT * 4, "", SCHEMA)
    assert server.requests == []


@pytest.mark.parametrize(
    ("models", "found"),
    [
        (("other:7b-instruct", "qwen2.5:7b-instruct"), DEFAULT_MODEL),
        (("nomic-embed-text:latest", "llama3.2:3b", "mistral:latest"), "ollama:llama3.2:3b"),
        (("qwen2.5-coder:1.5b-instruct-q4_K_M",), "ollama:qwen2.5-coder:1.5b-instruct-q4_K_M"),
        (("nomic-embed-text:latest", "deepseek-r1:8b"), None),
        ((), None),
    ],
)
def test_an_ollama_server_is_found_with_a_model_that_can_plan(models, found):
    with OllamaServer(models=models) as server:
        assert detect_ollama(server.url, timeout=5) == found


def test_what_is_no_ollama_server_is_not_found():
    with OllamaServer() as server:
        assert detect_ollama(f"{server.url}/elsewhere", timeout=5) is None
    assert detect_ollama("not a url", timeout=1) is None
    with refusing_port() as url:
        assert detect_ollama(url, timeout=5) is None


class StructuredModel(BaseChatModel):
    """A chat model of another provider: it answers `{"raw": message}` under a schema, as LangChain's own do."""

    text: str
    finish: str = "stop"
    error: str = ""

    @property
    def _llm_type(self) -> str:
        return "structured"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        if self.error:
            raise LookupError(self.error)
        message = AIMessage(self.text, response_metadata={"finish_reason": self.finish})
        return ChatResult(generations=[ChatGeneration(message=message)])

    def with_structured_output(self, schema, *, method, include_raw):
        assert (method, include_raw) == ("json_schema", True)
        return self | RunnableLambda(lambda raw: {"raw": raw, "parsed": None, "parsing_error": None})


def chat_with(model):
    return Chat(model, name="other:model", limit=timedelta(seconds=10))


def test_any_other_provider_passes_the_same_checks():
    assert chat_with(StructuredModel(text='{"remedy": "a"}')).ask("", "", SCHEMA) == {"remedy": "a"}
    with pytest.raises(Unusable):
        chat_with(StructuredModel(text='{"remedy": "a"}', finish="length")).ask("", "", SCHEMA)
    with pytest.raises(ModelFailed, match="other:model failed: no credit"):
        chat_with(StructuredModel(text="", error="no credit\nline two")).ask("", "", SCHEMA)


def test_any_other_provider_can_plan():
    canary = chat_with(StructuredModel(text='{"colour": "violet"}'))
    ModelChooser(canary).check()
