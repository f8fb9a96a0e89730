"""Silences: what is not worked on for a while, because somebody says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field, WithJsonSchema

from api.bodies import Reason
from api.given import TheLoop, TheStore, Who
from core.durations import Duration
from core.model import HostName, Model, Name, Subject
from core.people import Act
from core.silences import Silence

router = APIRouter(prefix="/silences", tags=["silences"])

SilenceId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_\-]{1,40}$", description="The silence's id, or its end.")]


class SilenceBody(Model):
    """What is to be left alone, for how long, and why. What is left out fits everything in the fleet."""

    fleet: Name
    host: HostName | None = None
    symptom: Name | None = None
    subject: Subject | None = None
    lasts: Annotated[
        Duration, WithJsonSchema({"type": "string", "examples": ["2h", "1h30m"], "pattern": r"^[0-9hmsd.]+$"})
    ] = Field(default=timedelta(hours=1), alias="for", description="How long, from now on.")
    reason: Reason


@router.get("", summary="List silences", response_model=list[Silence])
def list_silences(
    store: TheStore,
    who: Who,
    every: Annotated[bool, Query(alias="all", description="Those that have ended, too.")] = False,
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most.")] = 100,
) -> list[Silence]:
    """The newest first, each with how many incidents it suppressed."""
    return store.silences.newest(in_force=not every, limit=limit, fleets=who.access.fleets(Act.READ))


@router.post("", summary="Silence a fleet, or part of it", status_code=201, response_model=Silence)
def silence(body: SilenceBody, loop: TheLoop, who: Who) -> Silence:
    """Suppresses the incidents that it is about: those that wait now, and those that would be opened until it ends."""
    return loop.silencing.silence(
        body.fleet,
        who.access,
        body.reason,
        lasts=body.lasts,
        host=body.host,
        symptom=body.symptom,
        subject=body.subject,
    )


@router.delete("/{silence_id}", summary="End a silence", response_model=Silence)
def end_silence(silence_id: SilenceId, loop: TheLoop, who: Who) -> Silence:
    """What it was about opens incidents again, if it is still wrong."""
    return loop.silencing.end(silence_id, who.access)
