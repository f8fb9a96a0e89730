"""`fleetmend sources`: who tells us of problems from outside, and what would come of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from cli.options import Command, Noun
from cli.session import session
from cli.times import moment

app = typer.Typer(cls=Noun, help="List, check and try the sources of alerts in sources.yml.")


@app.command("list", cls=Command)
def list_sources(ctx: typer.Context) -> None:
    """List sources, and what came from each."""
    one = session(ctx)
    found = one.client.get("/sources")
    rows = [
        (
            each["name"],
            each["kind"],
            each["alerts"],
            each["unmapped"],
            each["refused"],
            moment(each["heard_at"]) if each["heard_at"] else "never",
            each["problem"] or "-",
        )
        for each in found
    ]
    headings = ("source", "kind", "alerts", "unmapped", "refused", "heard", "problem")
    one.show(found, lambda page: page.table(headings, rows, empty="no sources; docs/howto/alerts.md shows how"))


@app.command("check", cls=Command)
def check(ctx: typer.Context) -> None:
    """Check sources.yml: its keys, its expressions, the symptoms that it names, and whether its secrets are set."""
    from core.errors import BadInput

    one = session(ctx)
    found = one.client.get("/sources")
    wrong = [f"{each['name']}: {each['problem']}" for each in found if each["problem"]]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise BadInput(wrong[0] + more)
    one.show(found, lambda page: page.line(f"sources.yml is well: {len(found)} sources"))


@app.command("test", cls=Command)
def test(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The source, by its name in sources.yml.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A body as the source sends it, as JSON.")],
) -> None:
    """Say what would come of a body, storing nothing."""
    from core.errors import BadInput

    one = session(ctx)
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"it is no JSON: {error}", file=file) from None
    found = one.client.post(f"/sources/{quote(source, safe='')}/test", {"body": body})
    rows = [
        (
            each["alert"],
            "fires" if each["firing"] else "is over",
            each["fleet"],
            each["host"],
            each["symptom"],
            each["subject"] or "-",
            each["severity"],
            each["problem"] or "-",
        )
        for each in found
    ]
    headings = ("alert", "state", "fleet", "host", "symptom", "subject", "severity", "why not")
    one.show(found, lambda page: page.table(headings, rows, empty="nothing would come of it"))
