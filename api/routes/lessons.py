"""What was learnt: outcomes, and what they add up to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.filters import LessonFilter, OutcomeFilter
from api.given import TheStore, Who
from core.outcomes import Lesson, Outcome
from core.people import Act
from knowledge.lessons import add_up

router = APIRouter(tags=["lessons"])


@router.get("/lessons", summary="List the lessons", response_model=list[Lesson])
def list_lessons(wanted: Annotated[LessonFilter, Query()], store: TheStore, who: Who) -> list[Lesson]:
    """How often each remedy healed each symptom, over all fleets that one may read (`fleet` is null) and in each."""
    return list(add_up(store.outcomes.newest(symptom=wanted.symptom, fleets=who.access.fleets(Act.READ))))


@router.get("/outcomes", summary="List the outcomes", response_model=list[Outcome])
def list_outcomes(wanted: Annotated[OutcomeFilter, Query()], store: TheStore, who: Who) -> list[Outcome]:
    """The closed records of plans, newest first."""
    fleets = who.access.fleets(Act.READ)
    return store.outcomes.newest(symptom=wanted.symptom, limit=wanted.limit, fleets=fleets)
