"""What routes are given: the loop, its store, who acts, and ids with a bounded shape."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Path, Request

from api.auth import Actor
from core.model import Name
from loop.wiring import Loop
from store.store import Store


async def _loop(request: Request) -> Loop:
    return cast(Loop, request.app.state.loop)


async def _store(request: Request) -> Store:
    return (await _loop(request)).context.store


async def _actor(request: Request) -> Actor:
    return cast(Actor, request.state.actor)


TheLoop = Annotated[Loop, Depends(_loop)]
TheStore = Annotated[Store, Depends(_store)]
Who = Annotated[Actor, Depends(_actor)]

_ID = r"^[A-Za-z0-9_\-]{1,40}$"
IncidentId = Annotated[
    str, Path(pattern=_ID, description="The incident's id, or its last four or more characters if just one fits.")
]
RunId = Annotated[
    str, Path(pattern=_ID, description="The run's id, or its last four or more characters if just one fits.")
]
PlanId = Annotated[str, Path(pattern=_ID, description="The plan's id.")]
FleetName = Annotated[Name, Path(description="The fleet: its folder's name under `inventory/`.")]
RemedyId = Annotated[Name, Path(description="The remedy's id.")]
Scope = Annotated[
    str, Path(pattern=r"^(\*|[a-z][a-z0-9_]{0,62})$", description="A fleet's name, or `*` for all of them.")
]
TokenName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@\-]{0,62}$", description="The token's name.")]
