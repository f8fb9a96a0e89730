"""What the planner asks of a language model, and what it gets back: the border between the step and any model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.incidents import Incident
from core.plans import Step
from core.remedies import Remedy
from planner.candidate import Candidate


@dataclass(frozen=True, kw_only=True)
class Question:
    """One incident with its candidates, best first. `listed` are the remedies that the prompt's catalog shows."""

    incident: Incident
    symptom_title: str
    candidates: tuple[Candidate, ...]
    listed: tuple[Remedy, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host that some candidate may be used on, sorted."""
        return tuple(sorted({name for candidate in self.candidates for name in candidate.host_names}))


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A model's answer that passed the strict check. `step` is None if the model abstains."""

    step: Step | None
    reason: str
    """The model's own words, on one line: for people, never for policy."""


class Chooser(Protocol):
    """Chooses one candidate, or abstains."""

    @property
    def name(self) -> str:
        """The proposer: `model:<provider>:<name>`."""
        ...

    def choose(self, question: Question) -> Choice:
        """Raises ModelFailed if no usable answer came, Refused if the answer breaks law 1."""
        ...

    def check(self) -> None:
        """Ask something harmless. Raises ModelFailed if the model can't be reached or does not keep to a schema."""
        ...
