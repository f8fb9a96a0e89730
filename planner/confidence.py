"""How sure the planner may be. Only measured history counts: what a model says of its own certainty does not."""

from __future__ import annotations

from collections.abc import Sequence

from core.outcomes import Lesson
from planner.candidate import Candidate

PRIOR = 0.8
"""What a vetted remedy that treats the symptom is trusted with before it was ever tried."""
PRIOR_WEIGHT = 4
"""How many outcomes that trust is worth."""
UNDECIDED = 0.6
"""The most that a choice between several causes gets while no history tells them apart."""
GUESSED = 0.6
"""The most for parameters or remedies that were guessed from words."""
FALLBACK = 0.8
"""The most when the rules stand in for a model that failed: law 7."""
_MARGIN = 0.1
"""How far ahead, in expected share healed, the best remedy must be for history to decide."""


def estimate(lesson: Lesson | None) -> float:
    """The expected share healed, 0 to 1: history, pulled towards `PRIOR` while there is little of it."""
    if lesson is None:
        return PRIOR
    return (lesson.healed + PRIOR * PRIOR_WEIGHT) / (lesson.tried + PRIOR_WEIGHT)


def confidence_in(candidate: Candidate, shown: Sequence[Candidate]) -> tuple[float, str]:
    """Return the confidence in *candidate* among those *shown*, with the reason in words."""
    if candidate.remedy.read_only:
        return PRIOR, f"{candidate.id} changes nothing"
    own = estimate(candidate.lesson)
    rivals = [other for other in shown if other.id != candidate.id and not other.remedy.read_only]
    if rivals and not _ahead(candidate, rivals):
        names = ", ".join(sorted(other.id for other in rivals))
        return min(own, UNDECIDED), f"{names} could fit as well, and no history tells them apart"
    return round(own, 4), _history(candidate)


def _ahead(candidate: Candidate, rivals: Sequence[Candidate]) -> bool:
    healed = candidate.lesson is not None and candidate.lesson.healed > 0
    best_rival = max(estimate(rival.lesson) for rival in rivals)
    return healed and estimate(candidate.lesson) - best_rival >= _MARGIN


def _history(candidate: Candidate) -> str:
    lesson = candidate.lesson
    if lesson is None or lesson.tried == 0:
        return f"{candidate.id} was not tried on this before"
    where = "in this fleet" if lesson.fleet else "over all fleets"
    return f"{candidate.id} healed this {lesson.healed} of {lesson.tried} times {where}"
