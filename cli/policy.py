"""`fleetmend policy`: what a fleet's policy lacks, why it says what it says, and every ruling judged again."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.options import Command, Noun
from cli.page import Page
from cli.session import Session, session
from cli.times import moment
from core.errors import NotFound

Json = dict[str, Any]
app = typer.Typer(cls=Noun, help="Check policies, and explain what they say.")


@app.command("check", cls=Command)
def check(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[FLEET]…", help="Every fleet if none is given.")] = None,
) -> None:
    """Read the policies of fleets, and say what can't be meant so. Exits with 1 if there is an error or a warning."""
    one = session(ctx)
    wanted = names or [fleet["name"] for fleet in one.client.get("/fleets")]
    found = [one.client.get(f"/fleets/{quote(name, safe='')}/policy") for name in wanted]
    rows = [
        (fleet["fleet"], finding["level"], finding["key"], finding["words"])
        for fleet in found
        for finding in fleet["findings"]
    ]
    empty = "no fleets; `fleetmend init DIR` lays one out"
    one.show(found, lambda page: page.table(("fleet", "level", "key", "how it stands"), rows, empty=empty))
    if not rows or any(level in ("error", "warning") for _, level, _, _ in rows):
        raise typer.Exit(1)


@app.command("explain", cls=Command)
def explain(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="INCIDENT|PLAN", help="An incident, or a plan's id (pln-…).")],
) -> None:
    """Say why the policy ruled as it did about a plan, what it would rule now, and who has to approve it."""
    one = session(ctx)
    found = _explanation(one, what)
    one.show(found, lambda page: _explain(page, found))


@app.command("replay", cls=Command)
def replay(ctx: typer.Context) -> None:
    """Judge every ruling on record again, by today's rules. Exits with 1 if one would be another.

    That is no fault by itself: a new release may have stricter rules.
    """
    one = session(ctx)
    found = one.client.get("/rulings/replay")
    one.show(found, lambda page: _replayed(page, found))
    if found["different"]:
        raise typer.Exit(1)


def _explanation(one: Session, what: str) -> Json:
    plan = f"/plans/{quote(what, safe='')}/policy"
    if what.startswith("pln-"):
        return dict(one.client.get(plan))
    try:
        return dict(one.client.get(f"/incidents/{quote(what, safe='')}/policy"))
    except NotFound:
        try:
            return dict(one.client.get(plan))
        except NotFound:
            pass
        raise


def _explain(page: Page, found: Json) -> None:
    plan = found["plan"]
    page.line(f"plan {plan['number']} of {plan['incident_id']} ({plan['id']})")
    needed, given = found["needed"], found["approved_by"]
    page.fields(
        [
            ("needs", f"{needed} different people" if needed > 1 else "one person, where it is asked for"),
            ("approved by", ", ".join(given) or "nobody whose yes holds now"),
            ("may not", ", ".join(found["may_not_approve"]) + " (asked for it)" if found["may_not_approve"] else None),
        ]
    )
    for ruled in found["on_record"]:
        page.line()
        page.line(f"Ruled {ruled['decision']['ruling']}, {moment(ruled['at'])} ({ruled['id']}):")
        _rules(page, ruled["decision"])
    page.line()
    if found["now"] is None:
        page.line("It is not judged any more: the incident has ended, or stands on another plan.")
    else:
        page.line(f"Now it would be {found['now']['ruling']}:")
        _rules(page, found["now"])


def _rules(page: Page, decision: Json) -> None:
    for words in decision["rules"]:
        page.line("  -", words)


def _replayed(page: Page, found: Json) -> None:
    for words in found["first_different"]:
        page.line(words)
    page.line(f"{found['judged']} rulings were judged again; {found['different']} would be another today")
