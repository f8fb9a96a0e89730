"""`fleetmend pause` and `resume`: nothing starts while the switch is on."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from cli.session import session
from cli.times import moment

Fleet = Annotated[str | None, typer.Argument(metavar="[FLEET]", help="The fleet; every one if none is given.")]


def pause(
    ctx: typer.Context,
    fleet: Fleet = None,
    reason: Annotated[str, typer.Option(help="Why; it goes into the journal.")] = "paused by hand",
    show: Annotated[bool, typer.Option("--list", help="Only show what is paused.")] = False,
) -> None:
    """Let no run start, in one fleet or in all.

    What runs already goes on; so do detecting and planning.
    """
    one = session(ctx)
    if not show:
        undo = " ".join(["fleetmend resume", *([fleet] if fleet else [])])
        answer = one.client.put(_path(fleet), {"reason": reason})
        one.show(answer, lambda page: page.line(f"paused: {_name(fleet)}; `{undo}` lets runs start again"))
        return
    found = one.client.get("/pauses")
    rows = [(_name(one["scope"]), one["by"], moment(one["at"]), one["reason"]) for one in found]
    one.show(found, lambda page: page.table(("paused", "by", "since", "why"), rows, empty="nothing is paused"))


def resume(ctx: typer.Context, fleet: Fleet = None) -> None:
    """Let runs start again."""
    one = session(ctx)
    answer = one.client.delete(_path(fleet))
    one.show(answer, lambda page: page.line(f"resumed: {_name(fleet)}"))


def _path(fleet: str | None) -> str:
    from core.pauses import EVERY_FLEET

    return "/pauses/" + quote(fleet or EVERY_FLEET, safe="")


def _name(fleet: str | None) -> str:
    from core.pauses import EVERY_FLEET

    return "every fleet" if fleet in (None, EVERY_FLEET) else str(fleet)
