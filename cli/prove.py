"""`fleetmend catalog prove`: shows on a lab that remedies heal, and writes their proofs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.page import Page
from cli.session import session
from core.errors import BadInput

if TYPE_CHECKING:
    from lab.proving.prover import Report


def prove(
    ctx: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[REMEDY]…", help="The remedies to prove.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="The whole catalog.")] = False,
    lab: Annotated[str, typer.Option(metavar="NAME", help="The lab to prove them on.")] = "lab",
) -> None:
    """Show on a lab that remedies heal, and write their proofs.

    Plays every scenario of each: break, detect, plan, run, verify, run again, undo, mend, and nothing else has changed.
    Needs root, and a lab that is up (`fleetmend lab up`). Exits with 1 if a remedy stays without a proof.
    """
    from lab.programs import check_machine
    from lab.proving.prover import prove as play

    one = session(ctx)
    if bool(ids) == everything:
        raise BadInput("name the remedies to prove, or give --all")
    check_machine()
    report = play(one.settings, lab, ids or [], _tell if one.as_json else one.page.line)
    one.show(_data(report), lambda page: _show(page, report))
    if report.unproven:
        raise typer.Exit(1)


def _tell(line: str) -> None:
    """Progress beside JSON goes where errors go."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _data(report: Report) -> dict[str, Any]:
    return {
        "scenarios": [
            {
                "scenario": one.scenario,
                "remedy": one.remedy,
                "held": one.trial is not None,
                "problem": one.problem,
                "seconds": {name: round(seconds, 2) for name, seconds in one.seconds.items()},
            }
            for one in report.played
        ],
        "proofs": {remedy: str(path) for remedy, path in report.proofs.items()},
        "unproven": report.unproven,
    }


def _show(page: Page, report: Report) -> None:
    rows = [
        (
            one.scenario,
            one.remedy,
            "held" if one.trial is not None else "failed",
            f"{sum(one.seconds.values()):.0f}",
            one.problem or (one.trial.plan if one.trial is not None else ""),
        )
        for one in report.played
    ]
    page.line()
    page.table(("scenario", "remedy", "result", "seconds", "what"), rows, empty="no scenario was played")
    for remedy, why in report.unproven.items():
        page.line(f"{remedy} is not proven:", why)
    for remedy, path in report.proofs.items():
        page.line(f"{remedy} is proven:", path)
    page.line(f"{len(report.proofs)} passed, {len(report.unproven)} failed")
