"""Messages to people outside: whether the way to Slack is open, and a test."""

from __future__ import annotations

from fastapi import APIRouter

from api.bodies import FleetBody
from api.given import TheLoop, TheSlots, Who
from api.views import ChannelView
from core.pauses import EVERY_FLEET
from core.people import Act
from fleets.readiness import Finding

router = APIRouter(prefix="/messages", tags=["messages"])


@router.get("/check", summary="Check the way to Slack", response_model=list[Finding])
def check_slack(loop: TheLoop, who: Who, slots: TheSlots) -> list[Finding]:
    """Token, scopes, channels, the way back, people and the last deliveries; asks Slack, which takes seconds."""
    who.access.need(Act.ADMINISTER, EVERY_FLEET)
    with slots.taken("check of Slack"):
        return loop.slack_check.findings()


@router.post("/test", summary="Send a test message", response_model=ChannelView)
def test_slack(body: FleetBody, loop: TheLoop, who: Who) -> ChannelView:
    """Posts a harmless message to the channel of a fleet."""
    who.access.need(Act.OPERATE, body.fleet)
    return ChannelView(channel=loop.slack_check.test(body.fleet))
