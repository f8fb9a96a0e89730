"""Detections come in here, from whatever watches the fleets beside fleetmend's own sweeps."""

from __future__ import annotations

from fastapi import APIRouter

from api.bodies import Batch
from api.given import TheLoop, Who
from api.views import AcceptedBatch
from core.errors import BadInput, Refused
from core.people import Act

router = APIRouter(tags=["detections"])


@router.post("/detections", summary="Report symptoms that were seen", status_code=201, response_model=AcceptedBatch)
async def report_detections(batch: Batch, loop: TheLoop, who: Who) -> AcceptedBatch:
    """Takes one detection, or a list of up to 500, and stores all of them or none.

    Each is folded into a live incident of the same problem, or opens one. A fleet, host or symptom that does not exist
    is an error, and nothing is stored then.
    """
    fleets = who.access.fleets(Act.REPORT)
    if fleets is not None:
        _check_fleets(batch, fleets)
    now = loop.context.clock.now()
    symptoms = loop.intake.symptoms
    found = [one.as_detection(who.source, symptoms, now) for one in batch]
    try:
        return AcceptedBatch.of(await loop.intake.accept_soon(found))
    except Refused as error:
        # Nobody was denied anything: what was sent names something that is not there.
        if fleets is not None:
            _check_fleets(batch, fleets.intersection(loop.context.fleet_source.names()))
        raise BadInput(str(error)) from None


def _check_fleets(batch: Batch, fleets: frozenset[str]) -> None:
    """Raise BadInput for a fleet that is not among *fleets*: whether there is one is not for its sender to know."""
    for number, one in enumerate(batch):
        if one.fleet not in fleets:
            raise BadInput(f"detection {number + 1} of {len(batch)}: no fleet {one.fleet!r}; nothing was stored")
