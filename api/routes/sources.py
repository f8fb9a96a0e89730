"""Sources outside, and the alerts that they told of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from api.given import TheLoop, TheStore, Who
from core.model import Model
from core.people import Act
from core.sources import PrometheusSource
from store.alerts import KnownAlert

router = APIRouter(tags=["sources"])


class SourceView(Model):
    """A source, and what came from it."""

    name: str
    kind: str
    problem: str | None = Field(default=None, description="Why nothing can come from it, if that is so.")
    deliveries: int = 0
    alerts: int = 0
    unmapped: int = 0
    refused: int = Field(default=0, description="How often somebody came without its secret.")
    heard_at: datetime | None = None
    refused_at: datetime | None = None


@router.get("/sources", summary="List the sources", response_model=list[SourceView])
def list_sources(loop: TheLoop) -> list[SourceView]:
    """What `sources.yml` names, with what came from each, in numbers."""
    tallies = loop.context.store.sources.all()
    views = []
    for name, source in loop.hooks.sources().items():
        tally = tallies.get(name)
        problem = None if isinstance(source, PrometheusSource) else loop.hooks.problem_of(name, source)
        known = {} if tally is None else tally.model_dump(exclude={"source"})
        views.append(SourceView(name=name, kind=source.kind, problem=problem, **known))
    return views


@router.get("/alerts", summary="List alerts of sources", response_model=list[KnownAlert])
def list_alerts(
    store: TheStore,
    who: Who,
    source: Annotated[str | None, Query(max_length=63)] = None,
    firing: Annotated[bool | None, Query(description="Only those that fire, or only those that are over.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[KnownAlert]:
    """Those that were heard of last come first."""
    found = store.alerts.newest(source=source, firing=firing, limit=limit)
    return [one for one in found if who.access.may(Act.READ, one.fleet)]
