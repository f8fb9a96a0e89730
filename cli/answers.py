"""`fleetmend change`, `snooze` and `escalate`: what people may answer besides yes and no."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.account import show_plan
from cli.incidents import IncidentId, get_incident
from cli.pairs import read_pairs
from cli.plan import current_plan
from cli.session import session


def change(
    ctx: typer.Context,
    incident_id: IncidentId,
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter; may be repeated.")
    ] = None,
    hosts: Annotated[
        list[str] | None, typer.Option("--host", help="Only for this host of the plan; may be repeated.")
    ] = None,
    step: Annotated[int, typer.Option(min=1, help="Which step of the plan.")] = 1,
    reason: Annotated[str, typer.Option(help="Why; it goes into the journal.")] = "",
) -> None:
    """Put other parameters into an incident's plan.

    It is a new plan then, which the policy rules on anew, and which somebody else has to approve.
    """
    one = session(ctx)
    found = get_incident(one, incident_id)
    body = {
        "plan_hash": current_plan(found)["hash"],
        "step": step - 1,
        "parameters": read_pairs(values or [], "--set"),
        "hosts": hosts or None,
        "reason": reason,
    }
    made = one.client.post(f"/incidents/{found['id']}/change", body)
    one.show(made, lambda page: show_plan(page, made))


def snooze(
    ctx: typer.Context,
    incident_id: IncidentId,
    time: Annotated[str, typer.Option("--for", help="In how long people are asked again: 1m to 1d.")] = "1h",
    reason: Annotated[str, typer.Option(help="Why; it goes into the journal.")] = "",
) -> None:
    """Put off the question whether an incident's plan may run. Nothing runs meanwhile."""
    one = session(ctx)
    found = get_incident(one, incident_id)
    answer = one.client.post(f"/incidents/{found['id']}/snooze", {"for": time, "reason": reason})
    one.show(answer, lambda page: page.line(f"{found['id']}:", answer["reason"]))


def escalate(
    ctx: typer.Context,
    incident_id: IncidentId,
    reason: Annotated[str, typer.Option(help="Why; it goes into the journal.")],
) -> None:
    """Take an incident out of the loop's hands: you mend it, and close it."""
    one = session(ctx)
    found = get_incident(one, incident_id)
    answer = one.client.post(f"/incidents/{found['id']}/escalate", {"reason": reason})
    one.show(answer, lambda page: page.line(f"escalated {found['id']}; `fleetmend close` ends it when it is mended"))
