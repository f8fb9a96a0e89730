"""LangChain's only room: one question to a chat model, one JSON object back, within a wall-clock limit.

What comes back is checked for its form alone: that the model finished by itself, that the prompt fitted, that the text
is strict JSON. What the answer means is checked in `strict.py`.
"""

from __future__ import annotations

import queue
import threading
from datetime import timedelta
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_ollama import ChatOllama

from core.durations import format_duration
from core.errors import BadInput, ModelFailed
from outgoing.clients import Bounded
from planner.answers import Unusable, read_object

CONTEXT = 8192
"""Tokens of context that Ollama is asked for; its default of 4,096 drops the front of a long prompt in silence."""
LONGEST_ANSWER = 300
"""Tokens that an answer may have."""
_FEWEST_BYTES_PER_TOKEN = 2
"""A pessimistic guess for our ASCII prompts, which have about four."""
_FINISHED = frozenset({"stop", "end_turn"})


class Chat:
    """One chat model. *context* is its window in tokens, if we set it; *limit* the wall-clock time for one answer."""

    def __init__(self, model: BaseChatModel, *, name: str, limit: timedelta, context: int | None = None) -> None:
        self.name, self._model, self._limit, self._context = name, model, limit, context

    def ask(self, system: str, question: str, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the model's answer, which is a JSON object but is not checked against *schema* here.

        Raises ModelFailed (no answer in time, no connection, an error of the server) or Unusable (an answer of a wrong
        form), with the reason on one line.
        """
        if self._context is not None and len(system + question) > self._room * _FEWEST_BYTES_PER_TOKEN:
            raise ModelFailed("the prompt would not fit into the model's context")
        message = self._within_limit([SystemMessage(system), HumanMessage(question)], schema)
        finish = _finish_reason(message)
        if finish not in _FINISHED:
            raise Unusable(f"the model did not finish its answer (it ended with {finish or 'no reason'})")
        if self._context is not None and (message.response_metadata.get("prompt_eval_count") or 0) >= self._room:
            raise Unusable("the prompt filled the model's context, so part of it may have been dropped")
        return read_object(message.text)

    @property
    def _room(self) -> int:
        return (self._context or 0) - LONGEST_ANSWER

    def _within_limit(self, messages: LanguageModelInput, schema: dict[str, Any]) -> AIMessage:
        """Ask in a thread of its own, which is left behind at the limit; the transport ends it soon after."""
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        runnable = _bound(self._model, schema)
        ask = threading.Thread(
            target=lambda: answers.put(_attempt(runnable, messages)), name="fleetmend-model", daemon=True
        )
        ask.start()
        try:
            answer = answers.get(timeout=self._limit.total_seconds())
        except queue.Empty:
            raise ModelFailed(f"{self.name} gave no answer within {format_duration(self._limit)}") from None
        if isinstance(answer, dict):
            answer = answer.get("raw")
        if not isinstance(answer, AIMessage):
            raise ModelFailed(f"{self.name} failed: {_first_line(answer)}")
        return answer


def open_chat(model: str, *, ollama_url: str, limit: timedelta) -> Chat:
    """Make the chat for `<provider>:<name>`. Nothing is sent yet. Raises BadInput, saying what to install or to set."""
    provider, _, name = model.partition(":")
    if provider == "ollama":
        return Chat(_ollama(name, ollama_url, limit), name=model, limit=limit, context=CONTEXT)
    made = _attempt(
        RunnableLambda(
            lambda _: init_chat_model(
                name,
                model_provider=provider,
                temperature=0,
                max_tokens=LONGEST_ANSWER,
                timeout=limit.total_seconds(),
                max_retries=0,
            )
        ),
        model,
    )
    if isinstance(made, BaseChatModel):
        return Chat(made, name=model, limit=limit)
    if isinstance(made, ImportError):
        hint = f"models of {provider!r} need a package that is not installed, usually langchain-{provider}"
        raise BadInput(f"{hint} ({_first_line(made)})", key="FLEETMEND_MODEL")
    raise BadInput(f"{model!r} can't be used: {_first_line(made)}", key="FLEETMEND_MODEL")


def _ollama(name: str, url: str, limit: timedelta) -> ChatOllama:
    return ChatOllama(
        model=name,
        base_url=url,
        temperature=0,
        reasoning=False,
        num_ctx=CONTEXT,
        num_predict=LONGEST_ANSWER,
        sync_client_kwargs={
            "transport": Bounded(limit.total_seconds()),
            "trust_env": False,
            "follow_redirects": False,
        },
    )


def _bound(model: BaseChatModel, schema: dict[str, Any]) -> Runnable[LanguageModelInput, Any]:
    """*model* held to *schema*. For Ollama the raw message is enough; others answer `{"raw": message, …}`."""
    if isinstance(model, ChatOllama):
        return model.bind(format=schema)
    return model.with_structured_output(schema, method="json_schema", include_raw=True)


def _attempt(runnable: Runnable[Any, Any], value: object) -> object:
    """Run, and return what was raised as a value: `batch` catches the classes of every provider."""
    return runnable.batch([value], return_exceptions=True)[0]


def _finish_reason(message: AIMessage) -> str:
    metadata = message.response_metadata
    reasons = (metadata.get(key) for key in ("done_reason", "finish_reason", "stop_reason"))
    return str(next((reason for reason in reasons if reason), "")).lower()


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines() or [""]
    return lines[0][:200] or type(error).__name__
