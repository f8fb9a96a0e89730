"""Runs: what was executed, how it went, and stopping it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.filters import EventFilter, RunFilter
from api.given import RunId, TheLoop, TheStore, Who
from core.people import Act
from core.runs import Run, RunEvent

router = APIRouter(prefix="/runs", tags=["runs"])


@router.get("", summary="List runs", response_model=list[Run])
def list_runs(wanted: Annotated[RunFilter, Query()], store: TheStore, who: Who) -> list[Run]:
    """The newest runs first."""
    fleets = who.access.fleets(Act.READ)
    incident_id = None if wanted.incident is None else store.incidents.get(wanted.incident, fleets=fleets).id
    return store.runs.newest(incident_id=incident_id, open_only=wanted.open, limit=wanted.limit, fleets=fleets)


@router.get("/{run_id}", summary="Show a run", response_model=Run)
def show_run(run_id: RunId, store: TheStore) -> Run:
    """The run with its results by host."""
    return store.runs.get(run_id)


@router.get("/{run_id}/events", summary="List a run's events", response_model=list[RunEvent])
def list_run_events(run_id: RunId, wanted: Annotated[EventFilter, Query()], store: TheStore) -> list[RunEvent]:
    """What happened in the run, in order and redacted. Ask again with `after` to follow it."""
    return store.runs.events(store.runs.get(run_id).id, wanted.after)


@router.post("/{run_id}/cancel", summary="Stop a run", status_code=202, response_model=Run)
def cancel_run(run_id: RunId, loop: TheLoop, store: TheStore, who: Who) -> Run:
    """Has the run stopped within a second. What it achieved is verified, and then people take over."""
    loop.desk.cancel(run_id, who.access)
    return store.runs.get(run_id)
