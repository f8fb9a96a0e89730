"""`fleetmend lessons`: how often a remedy healed a symptom, where, and how fast."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.session import session
from cli.times import moment, seconds


def lessons(
    ctx: typer.Context,
    symptom: Annotated[str | None, typer.Option(help="Only about this symptom.")] = None,
) -> None:
    """Show what was learnt from verified outcomes."""
    one = session(ctx)
    found = one.client.get("/lessons", symptom=symptom)
    rows = [
        (
            lesson["symptom"],
            lesson["remedy"],
            lesson["fleet"] or "all fleets",
            f"{lesson['healed']} of {lesson['tried']}",
            lesson["worse"],
            seconds(lesson["median_heal_seconds"]),
            moment(lesson["last_at"]),
        )
        for lesson in found
    ]
    headings = ("symptom", "remedy", "fleet", "healed", "worse", "median to heal", "last")
    one.show(found, lambda page: page.table(headings, rows, empty="nothing was learnt yet"))
