"""What outcomes add up to. A verdict that is not known teaches nothing, so it is not counted (law 9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from statistics import median

from core.outcomes import Lesson, Outcome, Verdict


def add_up(outcomes: Iterable[Outcome]) -> tuple[Lesson, ...]:
    """The lessons of *outcomes*: for every symptom and remedy one over all fleets, and one for each fleet.

    Sorted by symptom, remedy and fleet, the one over all fleets first.
    """
    groups: dict[tuple[str, str, str | None], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.verdict is not Verdict.UNKNOWN:
            for fleet in (None, outcome.fleet):
                groups[outcome.symptom, outcome.remedy, fleet].append(outcome)
    keys = sorted(groups, key=lambda key: (key[0], key[1], key[2] or ""))
    return tuple(_lesson(symptom, remedy, fleet, groups[symptom, remedy, fleet]) for symptom, remedy, fleet in keys)


class Memory:
    """Recalls lessons for the planner (`core.ports.Recall`).

    *load* gives the outcomes that are kept for a symptom; *state* something that differs once there are others, so that
    a thousand of them are not added up again for each plan.
    """

    def __init__(
        self, load: Callable[[str], Iterable[Outcome]], state: Callable[[str], Hashable] = lambda _symptom: object()
    ) -> None:
        self._load, self._state = load, state
        self._known: dict[str, tuple[Hashable, tuple[Lesson, ...]]] = {}

    def lessons(self, fleet: str, symptom: str) -> Mapping[str, Lesson]:
        """Remedy id -> lesson for *symptom*: the fleet's own where there is one, else the one over all fleets."""
        state, known = self._state(symptom), self._known.get(symptom)
        if known is None or known[0] != state:
            found = add_up(outcome for outcome in self._load(symptom) if outcome.symptom == symptom)
            known = self._known[symptom] = (state, found)
        lessons = known[1]
        overall = {lesson.remedy: lesson for lesson in lessons if lesson.fleet is None}
        own = {lesson.remedy: lesson for lesson in lessons if lesson.fleet == fleet}
        return overall | own


def _lesson(symptom: str, remedy: str, fleet: str | None, outcomes: list[Outcome]) -> Lesson:
    healed = [outcome for outcome in outcomes if outcome.verdict is Verdict.HEALED]
    return Lesson(
        symptom=symptom,
        remedy=remedy,
        fleet=fleet,
        tried=len(outcomes),
        healed=len(healed),
        worse=sum(outcome.verdict is Verdict.WORSE for outcome in outcomes),
        median_heal_seconds=median(outcome.heal_seconds for outcome in healed) if healed else None,
        last_at=max(outcome.at for outcome in outcomes),
    )
