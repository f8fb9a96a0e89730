"""Requests: somebody asks for something to be done, in words or by a remedy's name."""

from __future__ import annotations

from fastapi import APIRouter

from api.bodies import RequestBody
from api.given import TheLoop, Who, seen_fleet
from api.views import IncidentView

router = APIRouter(tags=["requests"])


@router.post("/requests", summary="Ask for something to be done", status_code=201, response_model=IncidentView)
def make_request(body: RequestBody, loop: TheLoop, who: Who) -> IncidentView:
    """Opens an incident for what is asked: either `text`, or a `remedy` with its `parameters`.

    It becomes a plan under the same policy as any other.
    """
    fleet = seen_fleet(body.fleet, who.access, loop.context.fleet_source)
    asked = loop.desk.ask(
        fleet, who.access, text=body.text, hosts=body.all_hosts, remedy=body.remedy, parameters=body.parameters
    )
    return IncidentView.of(asked)
