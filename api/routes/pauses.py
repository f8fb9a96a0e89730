"""The pause switch: nothing starts in a paused fleet until somebody resumes it."""

from __future__ import annotations

from fastapi import APIRouter

from api.bodies import ReasonBody
from api.given import READER, Scope, TheLoop, TheStore, Who
from core.pauses import Pause
from core.people import Act

router = APIRouter(prefix="/pauses", tags=["pauses"])


@router.get("", summary="List the pauses", response_model=list[Pause], dependencies=[READER])
def list_pauses(store: TheStore, who: Who) -> list[Pause]:
    """Every pause in force that holds for a fleet that one may read; those of `*` do."""
    return store.pauses.in_force(fleets=who.access.fleets(Act.READ))


@router.put("/{scope}", summary="Pause a fleet, or all of them", response_model=Pause)
def pause(scope: Scope, body: ReasonBody, loop: TheLoop, who: Who) -> Pause:
    """No run starts in the fleet (`*`: in any) from now on; those under way go on."""
    return loop.desk.pause(scope, who.access, body.reason)


@router.delete("/{scope}", summary="Resume a fleet, or all of them", status_code=204)
def resume(scope: Scope, loop: TheLoop, who: Who) -> None:
    """Lets runs start again."""
    loop.desk.resume(scope, who.access)
