"""`fleetmend runs` and `cancel`: what Ansible was started for, what it reports, and stopping it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.account import facts, results
from cli.options import Command, Noun
from cli.page import Page
from cli.session import Session, session
from cli.times import between, clock_time, moment

Json = dict[str, Any]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or the end of it.")]
_POLL_SECONDS = 0.5

app = typer.Typer(cls=Noun, help="List runs, or show one with its events.")


@app.command("list", cls=Command)
def runs(
    ctx: typer.Context,
    incident: Annotated[str | None, typer.Option(help="Only of this incident.")] = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only those under way.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many, the newest.")] = 50,
) -> None:
    """List runs, the newest first."""
    one = session(ctx)
    found = one.client.get("/runs", incident=incident, open=open_only or None, limit=limit)
    one.show(found, lambda page: _table(page, found))


@app.command("show", cls=Command)
def show(
    ctx: typer.Context,
    run_id: RunId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")] = False,
) -> None:
    """Show one run and what happened in it."""
    one = session(ctx)
    run = _get(one, run_id)
    if one.as_json and not follow:
        one.page.json(run | {"events": _events(one, run["id"], 0)})
        return
    if not one.as_json:
        page_head(one.page, run)
    seen = _print_events(one, run["id"], 0)
    while follow and run["ended_at"] is None:
        one.sleep(_POLL_SECONDS)
        run = _get(one, run["id"])
        seen = _print_events(one, run["id"], seen)
    if not one.as_json and run["ended_at"] is not None:
        one.page.line(f"{run['status']} after {between(run['started_at'], run['ended_at'])}", run["problem"] or "")


def cancel(ctx: typer.Context, run_id: RunId) -> None:
    """Stop a run.

    What it achieved is verified, and then people take over.
    """
    one = session(ctx)
    run = _get(one, run_id)
    answer = one.client.post(f"/runs/{run['id']}/cancel")
    one.show(answer, lambda page: page.line(f"{run['id']} is being stopped"))


def page_head(page: Page, run: Json) -> None:
    """Print what the run is about."""
    page.line(f"{run['remedy']} on {', '.join(run['hosts'])}: {run['status']}")
    page.fields(
        [
            ("run", run["id"]),
            ("incident", run["incident_id"]),
            ("fleet", run["fleet"]),
            ("parameters", facts(run["parameters"])),
            ("started", moment(run["started_at"])),
            ("results", results(run)),
            ("cancelled by", run["cancelled_by"]),
        ]
    )


def _table(page: Page, found: list[Json]) -> None:
    rows = [
        (
            run["id"],
            run["status"],
            run["remedy"],
            run["fleet"],
            ", ".join(run["hosts"]),
            moment(run["started_at"]),
            between(run["started_at"], run["ended_at"]),
            run["problem"],
        )
        for run in found
    ]
    page.table(("run", "status", "remedy", "fleet", "hosts", "started", "took", "problem"), rows, empty="no runs yet")


def _get(one: Session, run_id: str) -> Json:
    found: Json = one.client.get(f"/runs/{quote(run_id, safe='')}")
    return found


def _events(one: Session, run_id: str, after: int) -> list[Json]:
    found: list[Json] = one.client.get(f"/runs/{run_id}/events", after=after)
    return found


def _print_events(one: Session, run_id: str, after: int) -> int:
    """Print the events behind number *after*, and return the number of the last one. As JSON, one a line."""
    for event in _events(one, run_id, after):
        after = max(after, event["seq"])
        if one.as_json:
            one.page.json(event, indent=None)
        else:
            detail = event["detail"] or ""
            words = (event["kind"], event["host"] or "", event["task"] or "", "" if "\n" in detail else detail)
            one.page.line(" ", clock_time(event["at"]), *words)
            if "\n" in detail:
                one.page.block(detail, indent="      ")
    return after
