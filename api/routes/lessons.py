"""What was learnt: outcomes, and what they add up to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.filters import LessonFilter, OutcomeFilter
from api.given import TheStore
from core.outcomes import Lesson, Outcome
from knowledge.lessons import add_up

router = APIRouter(tags=["lessons"])


@router.get("/lessons", summary="List the lessons", response_model=list[Lesson])
def list_lessons(wanted: Annotated[LessonFilter, Query()], store: TheStore) -> list[Lesson]:
    """How often each remedy healed each symptom, over all fleets (`fleet` is null) and in each one."""
    return list(add_up(store.outcomes.newest(symptom=wanted.symptom)))


@router.get("/outcomes", summary="List the outcomes", response_model=list[Outcome])
def list_outcomes(wanted: Annotated[OutcomeFilter, Query()], store: TheStore) -> list[Outcome]:
    """The closed records of plans, newest first."""
    return store.outcomes.newest(symptom=wanted.symptom, limit=wanted.limit)
