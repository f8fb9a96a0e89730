"""`fleetmend silence` and `silences`: what is not worked on for a while, because somebody says so."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.options import Command, Noun
from cli.session import session
from cli.times import moment


def silence(
    ctx: typer.Context,
    fleet: Annotated[str, typer.Argument(metavar="FLEET", help="The fleet; `fleetmend fleets` lists them.")],
    host: Annotated[str | None, typer.Option(help="Only this host.")] = None,
    symptom: Annotated[str | None, typer.Option(help="Only this symptom.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only this subject: a service, a mount point, …")] = None,
    lasts: Annotated[str, typer.Option("--for", metavar="TIME", help="How long: 30m, 2h, 1d.")] = "1h",
    reason: Annotated[str, typer.Option(help="Why; people read it on every incident that it suppresses.")] = "by hand",
) -> None:
    """Leave a fleet, or a part of it, alone for a while.

    Incidents that it is about are suppressed. When it ends, what is still wrong opens incidents again.
    """
    one = session(ctx)
    scope = {"host": host, "symptom": symptom, "subject": subject}
    body = {"fleet": fleet, "for": lasts, "reason": reason, **scope}
    answer = one.client.post("/silences", body)
    words = f"until {moment(answer['until'])}; {answer['suppressed']} incidents are suppressed by it"
    undo = f"(fleetmend silences end {answer['id']})"
    one.show(answer, lambda page: page.line("silenced", _scope(answer), words, undo))


app = typer.Typer(cls=Noun, help="List and end silences.")


@app.command("list", cls=Command)
def list_silences(
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
) -> None:
    """List the silences in force, and how many incidents each has suppressed."""
    one = session(ctx)
    found = one.client.get("/silences", all=every)
    headings = ("silence", "what", "until", "by", "suppressed", "why")
    rows = [
        (
            each["id"],
            _scope(each),
            moment(each["ended_at"] or each["until"]),
            each["by"],
            each["suppressed"],
            each["reason"],
        )
        for each in found
    ]
    one.show(found, lambda page: page.table(headings, rows, empty="nothing is silenced"))


@app.command("end", cls=Command)
def end_silence(
    ctx: typer.Context,
    silence_id: Annotated[str, typer.Argument(metavar="SILENCE", help="The silence's id, or its end.")],
) -> None:
    """End a silence now."""
    one = session(ctx)
    answer = one.client.delete(f"/silences/{quote(silence_id, safe='')}")
    one.show(answer, lambda page: page.line("ended", silence_id))


def _scope(found: dict[str, Any]) -> str:
    parts = [f"{key}={found[key]}" for key in ("host", "symptom", "subject") if found[key] is not None]
    return " ".join([found["fleet"], *parts])
