"""`fleetmend fleets`: which fleets there are, what is wrong in them, and whether they are ready."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.options import Command, Noun
from cli.page import Page
from cli.session import Session, session
from cli.times import moment

Json = dict[str, Any]
_WATCHED = {True: "yes", False: "no"}
app = typer.Typer(cls=Noun, help="List fleets, show one, or check them.")


@app.command("list", cls=Command)
def fleets(ctx: typer.Context) -> None:
    """List the fleets of the content folder."""
    one = session(ctx)
    found = one.client.get("/fleets")
    rows = [
        (
            fleet["name"],
            fleet["mode"],
            _WATCHED.get(fleet["enabled"]),
            fleet["hosts"],
            None if fleet["sweeps"] is None else len(fleet["sweeps"]),
            "; ".join(map(str, fleet["problems"])),
        )
        for fleet in found
    ]
    headings = ("fleet", "mode", "watched", "hosts", "sweeps", "problems")
    one.show(found, lambda page: page.table(headings, rows, empty="no fleets; `fleetmend init DIR` lays one out"))


@app.command("show", cls=Command)
def show(ctx: typer.Context, fleet: Annotated[str, typer.Argument(metavar="FLEET")]) -> None:
    """Show a fleet's hosts, and what is wrong on them now."""
    one = session(ctx)
    found = one.client.get(f"/fleets/{quote(fleet, safe='')}")
    one.show(found, lambda page: _show(page, found))


@app.command("check", cls=Command)
def check(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[FLEET]…", help="Every fleet if none is given.")] = None,
) -> None:
    """Check that fleets are ready, by logging in on every host.

    Do they parse and resolve, are the hosts reached, may we become, is there a Python? Exits with 1 if
    one is not ready.
    """
    one = session(ctx)
    findings = {name: _findings(one, name) for name in names or [fleet["name"] for fleet in one.client.get("/fleets")]}
    rows = [
        (name, found["level"], found["what"], found["detail"]) for name, every in findings.items() for found in every
    ]
    empty = "no fleets; `fleetmend init DIR` lays one out"
    one.show(findings, lambda page: page.table(("fleet", "level", "what", "how it stands"), rows, empty=empty))
    if not rows or any(level == "error" for _, level, _, _ in rows):
        raise typer.Exit(1)


def _findings(one: Session, name: str) -> list[Json]:
    found: list[Json] = one.client.get(f"/fleets/{quote(name, safe='')}/check")
    return found


def _show(page: Page, fleet: Json) -> None:
    page.line(fleet["name"])
    page.fields([("mode", fleet["mode"]), ("watched", _WATCHED[fleet["enabled"]])])
    page.table(
        ("host", "groups"), ((host["name"], ", ".join(host["groups"])) for host in fleet["hosts"]), empty="no hosts"
    )
    page.line()
    rows = [
        (one["host"], one["symptom"], one["subject"], one["phase"], one["value"], moment(one["since"]))
        for one in fleet["conditions"]
    ]
    headings = ("host", "symptom", "subject", "phase", "value", "since")
    page.table(headings, rows, empty="nothing is wrong that was measured")
