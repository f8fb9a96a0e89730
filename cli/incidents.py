"""`fleetmend incidents`, `incident` and `close`: what is wrong, what became of it, and ending it by hand."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.account import account
from cli.page import Page
from cli.session import Session, session
from cli.times import moment
from core.states import State

_LONGEST_WISH = 60
IncidentId = Annotated[str, typer.Argument(metavar="INCIDENT", help="An incident's id, or the end of it.")]


def incidents(
    ctx: typer.Context,
    fleet: Annotated[str | None, typer.Option(help="Only of this fleet.")] = None,
    state: Annotated[State | None, typer.Option("--state-is", help="Only in this state.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many, the newest.")] = 50,
) -> None:
    """List the live incidents, the newest first."""
    one = session(ctx)
    live = None if everything or state else True
    found = one.client.get("/incidents", fleet=fleet, state=state, live=live, limit=limit)
    nothing = "no incidents" if everything or state else "no live incidents; --all shows those that ended"
    one.show(found, lambda page: table(page, found, nothing))


def incident(ctx: typer.Context, incident_id: IncidentId) -> None:
    """Tell all that is known of one incident."""
    one = session(ctx)
    found = get_incident(one, incident_id)
    if one.as_json:
        one.page.json(found)
    else:
        account(one.page, found, one.client.get("/lessons", symptom=found["symptom"]))


def close(
    ctx: typer.Context,
    incident_id: IncidentId,
    reason: Annotated[str, typer.Option(help="Why; it goes into the journal.")],
) -> None:
    """End an escalated incident by hand."""
    one = session(ctx)
    found = get_incident(one, incident_id)
    closed = one.client.post(f"/incidents/{found['id']}/close", {"reason": reason})
    one.show(closed, lambda page: page.line(f"closed {found['id']}:", found["title"]))


def get_incident(one: Session, incident_id: str) -> dict[str, Any]:
    """The incident with everything about it, as the API gives it. Raises NotFound."""
    found: dict[str, Any] = one.client.get(f"/incidents/{quote(incident_id, safe='')}")
    return found


def table(page: Page, found: list[dict[str, Any]], empty: str) -> None:
    """Print incidents, one a line."""
    rows = [
        (one["id"], one["state"], one["severity"], one["fleet"], title_of(one), moment(one["opened_at"]), one["reason"])
        for one in found
    ]
    page.table(("incident", "state", "severity", "fleet", "what", "opened", "why"), rows, empty=empty)


def title_of(one: dict[str, Any]) -> str:
    """`service_down web on demo1`, or what was asked for: `asked: log_cleanup (demo1)`."""
    request = one["request"]
    if request is None:
        return str(one["title"])
    wish = request["text"] or request["remedy"]
    return f"asked: {wish if len(wish) <= _LONGEST_WISH else wish[:_LONGEST_WISH] + '…'} ({one['host']})"
