"""The agents: who works on the loop, where, and on what."""

from __future__ import annotations

from fastapi import APIRouter

from api.given import READER_OF_ALL, TheLoop
from core.agents import Agent

router = APIRouter(prefix="/agents", tags=["agents"])


@router.get("", summary="List the agents", response_model=list[Agent], dependencies=[READER_OF_ALL])
def list_agents(loop: TheLoop) -> list[Agent]:
    """Each step of the loop in each process that works for it, dead ones of the last day included."""
    return loop.context.presence.everybody()
