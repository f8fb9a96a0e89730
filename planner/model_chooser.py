"""A language model as the chooser: first which remedy, then its parameters, each with a flat schema of its own."""

from __future__ import annotations

from typing import Any, Protocol

from core.errors import ModelFailed
from planner.answers import Unusable
from planner.chooser import Choice, Question
from planner.filling import checked_step
from planner.prompt import choice_prompt, choice_schema, parameter_prompt, parameter_schema, system_prompt
from planner.strict import read_choice, read_parameters

_COLOURS = ["green", "violet"]
_CANARY_SCHEMA = {
    "title": "canary",
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": _COLOURS}},
    "required": ["colour"],
    "additionalProperties": False,
}
_CANARY = 'Write {"fruit": "banana"} and nothing else.'


class Asks(Protocol):
    """What is needed of a chat: see `planner.chat.Chat`."""

    name: str

    def ask(self, system: str, question: str, schema: dict[str, Any]) -> dict[str, Any]: ...


class ModelChooser:
    """Chooses with *chat*, once the canary has shown that the model keeps to a schema."""

    def __init__(self, chat: Asks) -> None:
        self._chat = chat
        self._passed = False
        self._unfit: str | None = None

    @property
    def name(self) -> str:
        return f"model:{self._chat.name}"

    def choose(self, question: Question) -> Choice:
        """Raises ModelFailed, or Refused if the answer breaks law 1."""
        self.check()
        system = system_prompt(question.listed)
        answer = self._chat.ask(system, choice_prompt(question), choice_schema(question))
        candidate, reason = read_choice(answer, question.candidates, question.incident)
        if candidate is None:
            return Choice(step=None, reason=reason)
        if not candidate.free:
            return Choice(step=checked_step(candidate, question.incident, candidate.fixed), reason=reason)
        answer = self._chat.ask(system, parameter_prompt(question, candidate), parameter_schema(candidate))
        return Choice(step=read_parameters(answer, candidate, question.incident), reason=reason)

    def check(self) -> None:
        """The canary: a schema that contradicts its prompt. If the prompt wins, the model is unfit for good.

        Raises ModelFailed. Asks once; a model that could not be reached is asked again at the next call.
        """
        if self._unfit is not None:
            raise ModelFailed(self._unfit)
        if self._passed:
            return
        try:
            answer = self._chat.ask("You do what the user says, to the letter.", _CANARY, _CANARY_SCHEMA)
        except Unusable as error:
            self._give_up(str(error))
        else:
            if set(answer) != {"colour"} or answer["colour"] not in _COLOURS:
                self._give_up("its answer does not keep to the schema that it was given")
        self._passed = True

    def _give_up(self, why: str) -> None:
        self._unfit = f"{self._chat.name} is not fit to plan ({why}); use an instruct model, see docs/howto/ollama.md"
        raise ModelFailed(self._unfit)
