"""`fleetmend undo`: take back what was done about an incident, by the remedy that the card names for it."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.ask import follow
from cli.incidents import IncidentId, get_incident
from cli.session import session


def undo(
    ctx: typer.Context,
    incident_id: IncidentId,
    run: Annotated[str | None, typer.Option(help="The run to take back, if it is not the newest.")] = None,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for a plan.")] = 150.0,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until there is a plan.")] = True,
) -> None:
    """Ask for the undo of what was done, and see the plan."""
    one = session(ctx)
    found = get_incident(one, incident_id)
    body = {} if run is None else {"run": run}
    asked = one.client.post(f"/incidents/{found['id']}/undo", body)
    follow(one, asked["id"], timeout if wait else None)
