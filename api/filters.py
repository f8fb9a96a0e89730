"""What lists can be narrowed by. An unknown filter is refused: a typo must not mean 'everything'."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.model import Model, Name
from core.states import State

Limit = Annotated[int, Field(ge=1, le=1000, description="How many at most.")]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{1,40}$")]


class IncidentFilter(Model):
    """Which incidents."""

    fleet: Name | None = None
    state: State | None = None
    live: bool | None = Field(default=None, description="true: not ended; false: ended; both by default.")
    limit: Limit = 100


class RunFilter(Model):
    """Which runs."""

    incident: Id | None = None
    open: bool = Field(default=False, description="Only runs that have not ended.")
    limit: Limit = 100


class EventFilter(Model):
    """Which events of a run."""

    after: int = Field(default=0, ge=0, le=2**31, description="Only events behind this number.")


class JournalFilter(Model):
    """Which entries of the journal. Without `after` and `incident`, the newest ones."""

    after: int | None = Field(default=None, ge=0, le=2**31, description="Only entries behind this number.")
    incident: Id | None = None
    limit: Limit = 100


class LessonFilter(Model):
    """Which lessons."""

    symptom: Name | None = None


class OutcomeFilter(Model):
    """Which outcomes."""

    symptom: Name | None = None
    limit: Limit = 100
