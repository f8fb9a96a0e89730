"""Sources outside, and the alerts that they told of."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from api.given import READER_OF_ALL, TheLoop, TheStore, Who
from api.routes.hooks import HookName
from core.model import Model
from core.pauses import EVERY_FLEET
from core.people import Act
from core.sources import IGNORE
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


@router.get("/sources", summary="List the sources", response_model=list[SourceView], dependencies=[READER_OF_ALL])
def list_sources(loop: TheLoop) -> list[SourceView]:
    """What `sources.yml` names, with what came from each, in numbers."""
    tallies = loop.context.store.sources.all()
    views = []
    for name, source in loop.hooks.sources().items():
        tally = tallies.get(name)
        problem = loop.hooks.problem_of(name, source)
        known = {} if tally is None else tally.model_dump(exclude={"source"})
        views.append(SourceView(name=name, kind=source.kind, problem=problem, **known))
    return views


class TestBody(Model):
    """A body as a source sends it."""

    body: Any


class Outcome(Model):
    """What would come of one alert."""

    alert: str
    firing: bool
    fleet: str
    host: str
    symptom: str
    subject: str
    severity: str
    problem: str | None = Field(description="Why it could not be mapped.")


@router.post("/sources/{source}/test", summary="Try a body, storing nothing", response_model=list[Outcome])
def test_source(source: HookName, body: TestBody, loop: TheLoop, who: Who) -> list[Outcome]:
    """Says what each alert in it would come to."""
    who.access.need(Act.OPERATE, EVERY_FLEET)
    return [
        Outcome(
            alert=one.told.name,
            firing=one.told.firing,
            fleet=one.fleet,
            host=one.detection.host,
            symptom=IGNORE if one.ignored else one.detection.symptom,
            subject=one.detection.subject,
            severity=one.detection.severity.value,
            problem=one.unmapped,
        )
        for one in loop.hooks.dry_run(source, json.dumps(body.body).encode())
    ]


@router.get("/alerts", summary="List alerts of sources", response_model=list[KnownAlert])
def list_alerts(
    store: TheStore,
    who: Who,
    source: Annotated[str | None, Query(max_length=63, description="Only those of this source.")] = None,
    firing: Annotated[bool | None, Query(description="Only those that fire, or only those that are over.")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most.")] = 100,
) -> list[KnownAlert]:
    """Those that were heard of last come first."""
    return store.alerts.newest(source=source, firing=firing, limit=limit, fleets=who.access.fleets(Act.READ))
