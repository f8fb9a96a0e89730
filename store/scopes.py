"""What somebody may see, as a part of a query: so that a limit counts only what is shown."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from store.tables import incidents

Fleets = Collection[str] | None
"""Names of fleets; None means every one, as in `Access.fleets`."""


def within(query: Select[Any], fleet: ColumnElement[Any], fleets: Fleets) -> Select[Any]:
    """*query* for rows alone whose column *fleet* is one of *fleets*."""
    return query if fleets is None else query.where(fleet.in_(sorted(fleets)))


def of_incidents_within(query: Select[Any], incident_id: ColumnElement[Any], fleets: Fleets) -> Select[Any]:
    """*query* for rows alone that belong to an incident of one of *fleets*."""
    if fleets is None:
        return query
    return query.where(incident_id.in_(select(incidents.c.id).where(incidents.c.fleet.in_(sorted(fleets)))))
