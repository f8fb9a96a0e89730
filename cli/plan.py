"""`fleetmend plan`, `approve` and `reject`: what is going to be done, and whether it may."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.account import show_plan
from cli.incidents import IncidentId, get_incident
from cli.page import Page
from cli.session import Session, session
from core.errors import Conflict, NotFound

Json = dict[str, Any]


def plan(
    ctx: typer.Context,
    incident_id: IncidentId,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what would change: as people were shown it, or else a new look.")
    ] = False,
) -> None:
    """Show an incident's plan: what, where and why."""
    one = session(ctx)
    found = get_incident(one, incident_id)
    current = current_plan(found)
    preview = _foreseen(one, found, current) if diff else None
    if one.as_json:
        one.page.json(current if preview is None else {"plan": current, "preview": preview})
        return
    one.page.line(f"{found['title']} ({found['id']}) is {found['state']}: {found['reason']}")
    show_plan(one.page, current)
    if preview is not None:
        show_preview(one.page, preview)
    hint(one.page, found)


def approve(
    ctx: typer.Context,
    incident_id: IncidentId,
    reason: Annotated[str, typer.Option(help="Why; it goes into the journal.")] = "",
    plan_hash: Annotated[
        str | None, typer.Option("--hash", help="Approve only if the plan still has this hash.")
    ] = None,
    hosts: Annotated[
        list[str] | None, typer.Option("--host", help="Only for this host of the plan; may be repeated.")
    ] = None,
) -> None:
    """Say yes to an incident's plan, exactly as it is now, or to it for some of its hosts alone."""
    one = session(ctx)
    found = get_incident(one, incident_id)
    current = current_plan(found)
    # What is approved is the plan that was just read, and no later one.
    body = {"plan_hash": plan_hash or current["hash"], "reason": reason, "hosts": hosts or None}
    given = one.client.post(f"/incidents/{found['id']}/approve", body)
    if one.as_json:
        one.page.json(given)
        return
    now = get_incident(one, found["id"])
    one.page.line(f"approved for {found['id']}:", current_plan(now)["title"])
    one.page.line(f"{found['id']} is {now['state']}: {now['reason']}")


def reject(
    ctx: typer.Context,
    incident_id: IncidentId,
    reason: Annotated[str, typer.Option(help="Why; it goes into the journal.")],
) -> None:
    """Say no to an incident's plan.

    The problem stays quiet until it clears, or the fleet's time for an answer is over.
    """
    one = session(ctx)
    found = get_incident(one, incident_id)
    answer = one.client.post(f"/incidents/{found['id']}/reject", {"reason": reason})
    one.show(answer, lambda page: page.line(f"rejected for {found['id']}:", current_plan(found)["title"]))


def current_plan(incident: Json) -> Json:
    """The plan that the incident stands on. Raises Conflict if it has none yet."""
    for one in incident["plans"]:
        if one["id"] == incident["plan_id"]:
            return dict(one)
    raise Conflict(f"{incident['id']} is {incident['state']} and has no plan ({incident['reason']})")


def hint(page: Page, incident: Json) -> None:
    """Say how to decide, where that is what the incident waits for."""
    if incident["state"] in ("planned", "awaiting_approval"):
        page.line()
        page.line(f"fleetmend approve {incident['id']}     (--host HOST: for some of its hosts)")
        page.line(f"fleetmend reject {incident['id']} --reason '…'")
        page.line(f"fleetmend change {incident['id']} --set NAME=VALUE     (another plan, that somebody else approves)")
        page.line(f"fleetmend snooze {incident['id']} --for 1h")
        page.line(f"fleetmend escalate {incident['id']} --reason '…'     (you mend it yourself)")


def show_preview(page: Page, preview: Json) -> None:
    """Print what check mode foresees, host by host (the answer of `GET /incidents/{id}/preview`)."""
    for one in preview["previews"]:
        result = one["result"]
        page.line()
        page.line(
            "Would change:" if result["status"] == "successful" else f"The preview {result['status']}:",
            result["problem"] or "",
        )
        for host in one["hosts"]:
            page.line(" ", host["host"])
            if host["unknown"]:
                page.line("  ", f"What would change here is unknown: {host['unknown']}")
            if host["diff"] or not host["unknown"]:
                page.block(host["diff"] or "no difference")
            page.fields([("tasks", ", ".join(host["tasks"])), ("can't be foreseen", ", ".join(host["unforeseen"]))])


def _foreseen(one: Session, incident: Json, current: Json) -> Json:
    """What people were shown when they were asked about the plan; if they were not asked yet, a look now."""
    try:
        found = one.client.get(f"/plans/{quote(current['id'], safe='')}/foreseen")
    except NotFound:
        found = one.client.get(f"/incidents/{quote(incident['id'], safe='')}/preview")
    return dict(found)
