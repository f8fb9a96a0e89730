"""Fleets: how they are watched and healed, their hosts, and whether they are ready. Never a host's variables."""

from __future__ import annotations

from fastapi import APIRouter

from api.given import FleetName, TheLoop, TheSlots, Who
from api.views import FleetDetail, FleetView
from core.errors import BadInput
from core.fleets import Fleet, FleetFile
from core.people import Act
from fleets.readiness import Finding
from fleets.source import FleetSource
from loop.readiness import check_fleet

router = APIRouter(prefix="/fleets", tags=["fleets"])


@router.get("", summary="List the fleets", response_model=list[FleetView])
def list_fleets(loop: TheLoop, who: Who) -> list[FleetView]:
    """The fleets that one may read, at a glance.

    One whose files don't hold says why in `problems`, and the others are shown all the same.
    """
    source = loop.context.fleet_source
    return [_at_a_glance(source, name) for name in source.names() if who.access.may(Act.READ, name)]


@router.get("/{fleet_name}", summary="Show a fleet", response_model=FleetDetail)
def show_fleet(fleet_name: FleetName, loop: TheLoop) -> FleetDetail:
    """The fleet's hosts with their groups, its sweeps, and what is wrong (or about to be) on its hosts now."""
    fleet = loop.context.fleet(fleet_name)
    return FleetDetail.of(fleet, loop.context.store.conditions.unwell(fleet.name))


@router.get("/{fleet_name}/check", summary="Check that a fleet is ready", response_model=list[Finding])
def check(fleet_name: FleetName, loop: TheLoop, slots: TheSlots) -> list[Finding]:
    """Reads the fleet's files, resolves its inventory, and logs in on every host, which takes seconds.

    Of a fleet, one check is at work at a time, and few in all: 429 with `Retry-After` says to wait.
    """
    with slots.taken(f"check of {fleet_name}"):
        return list(check_fleet(loop.context, fleet_name))


def _at_a_glance(source: FleetSource, name: str) -> FleetView:
    file: FleetFile | None = None
    fleet: Fleet | None = None
    problems: tuple[str, ...] = ()
    try:
        file = source.file(name)
        fleet = source.get(name)
    except BadInput as problem:
        problems = (str(problem),)
    return FleetView(
        name=name,
        mode=file.mode if file else None,
        enabled=file.enabled if file else None,
        hosts=len(fleet.hosts) if fleet else None,
        sweeps=file.sweeps if file else None,
        problems=problems,
    )
