"""What routes are given: the loop, its store, who acts, and what a path names.

A thing of a fleet that somebody may not read is not there for him: it is looked up here, so that no route forgets it.
"""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Path, Request

from api.auth import Actor
from api.front.bytes_held import BytesHeld
from api.slots import Slots
from core.errors import NotFound, Refused
from core.model import Name
from core.pauses import EVERY_FLEET
from core.people import Access, Act
from core.plans import Plan
from fleets.source import FleetSource
from loop.wiring import Loop
from store.store import Store


async def _loop(request: Request) -> Loop:
    return cast(Loop, request.app.state.loop)


async def _store(request: Request) -> Store:
    return (await _loop(request)).context.store


async def _actor(request: Request) -> Actor:
    return cast(Actor, request.state.actor)


async def _slots(request: Request) -> Slots:
    return cast(Slots, request.app.state.slots)


async def _strangers(request: Request) -> BytesHeld:
    return cast(BytesHeld, request.app.state.strangers)


TheLoop = Annotated[Loop, Depends(_loop)]
TheStore = Annotated[Store, Depends(_store)]
Who = Annotated[Actor, Depends(_actor)]
TheSlots = Annotated[Slots, Depends(_slots)]
Strangers = Annotated[BytesHeld, Depends(_strangers)]
"""The bytes that are held of senders who can show who they are only by a signature over all of it."""

_ID = r"^[A-Za-z0-9_\-]{1,40}$"
_PERSON = r"^[A-Za-z0-9][A-Za-z0-9_.@\-]{0,62}$"


def _incident_id(
    incident_id: Annotated[
        str, Path(pattern=_ID, description="The incident's id, or its last four or more characters if just one fits.")
    ],
    store: TheStore,
    who: Who,
) -> str:
    return store.incidents.get(incident_id, fleets=who.access.fleets(Act.READ)).id


def _run_id(
    run_id: Annotated[
        str, Path(pattern=_ID, description="The run's id, or its last four or more characters if just one fits.")
    ],
    store: TheStore,
    who: Who,
) -> str:
    return store.runs.get(run_id, fleets=who.access.fleets(Act.READ)).id


def _plan(plan_id: Annotated[str, Path(pattern=_ID, description="The plan's id.")], store: TheStore, who: Who) -> Plan:
    return store.plans.get(plan_id, fleets=who.access.fleets(Act.READ))


def _fleet_name(
    fleet_name: Annotated[Name, Path(description="The fleet: its folder's name under `inventory/`.")],
    loop: TheLoop,
    who: Who,
) -> str:
    return seen_fleet(fleet_name, who.access, loop.context.fleet_source)


def _scope(
    scope: Annotated[
        str, Path(pattern=r"^(\*|[a-z][a-z0-9_]{0,62})$", description="A fleet's name, or `*` for all of them.")
    ],
    loop: TheLoop,
    who: Who,
) -> str:
    return scope if scope == EVERY_FLEET else seen_fleet(scope, who.access, loop.context.fleet_source)


async def _reader(who: Who) -> None:
    if who.access.fleets(Act.READ) == frozenset():
        raise Refused(f"{who.access.person} may not read; it takes the role viewer in some fleet")


async def _reader_of_all(who: Who) -> None:
    who.access.need(Act.READ, EVERY_FLEET)


def seen_fleet(name: str, access: Access, source: FleetSource) -> str:
    """*name*, unless it is of no fleet that *access* may read. Raises NotFound, which names no other.

    For somebody who may read every fleet, whoever looks the fleet up says whether there is one.
    """
    seen = access.fleets(Act.READ)
    if seen is not None and (name not in seen or name not in source.names()):
        raise NotFound(f"no fleet {name!r}; `fleetmend fleets` lists them")
    return name


IncidentId = Annotated[str, Depends(_incident_id)]
RunId = Annotated[str, Depends(_run_id)]
ThePlan = Annotated[Plan, Depends(_plan)]
FleetName = Annotated[str, Depends(_fleet_name)]
RemedyId = Annotated[Name, Path(description="The remedy's id.")]
Scope = Annotated[str, Depends(_scope)]
TokenName = Annotated[str, Path(pattern=_PERSON, description="The token's name.")]
PersonName = Annotated[str, Path(pattern=_PERSON, description="The person's name.")]
READER = Depends(_reader)
"""For what is of no fleet, and of no use to somebody who only reports."""
READER_OF_ALL = Depends(_reader_of_all)
"""For what tells of every fleet at once."""
