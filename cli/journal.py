"""`fleetmend journal`: every decision, in order, and the proof that none was changed or cut off."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.account import facts
from cli.options import Command, Noun
from cli.session import session
from cli.times import moment

app = typer.Typer(cls=Noun, help="Show the journal, or prove that it is whole.")


@app.command("show", cls=Command)
def show(
    ctx: typer.Context,
    incident: Annotated[str | None, typer.Option(help="Only about this incident.")] = None,
    after: Annotated[int | None, typer.Option(min=0, help="Only entries behind this number.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many; the newest without --after.")] = 50,
) -> None:
    """Show entries, the oldest of them first."""
    one = session(ctx)
    found = one.client.get("/journal", after=after, incident=incident, limit=limit)
    rows = [
        (entry["seq"], moment(entry["at"]), entry["kind"], entry["actor"], entry["incident_id"], facts(entry["body"]))
        for entry in found
    ]
    headings = ("entry", "when", "what", "by", "incident", "facts")
    one.show(found, lambda page: page.table(headings, rows, empty="no entries"))


@app.command("verify", cls=Command)
def verify(ctx: typer.Context) -> None:
    """Check the chain and the laws behind it; exit 1 with the first violation."""
    one = session(ctx)
    proof = one.client.get("/journal/verify")
    counted = f"{proof['entries']} entries, {proof['incidents']} incidents, {proof['runs']} runs"
    violation = proof["violation"]
    one.show(proof, lambda page: page.line(f"the journal is whole: {counted}" if violation is None else violation))
    if violation is not None:
        raise typer.Exit(1)
