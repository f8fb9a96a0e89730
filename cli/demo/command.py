"""`fleetmend demo`: the command line of the demo. It imports the loop only when it is called."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from cli.demo.interrupts import Interrupted, Interrupts
from core.errors import FleetmendError

_LOG_LINES = 15


def demo(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document, and nothing else, on standard output.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the hosts, the loop and the API running until Ctrl-C.")
    ] = False,
    planner: Annotated[
        str,
        typer.Option(
            help="auto (a model if FLEETMEND_MODEL or an Ollama server names one, else rules), rules, or a model "
            "such as ollama:qwen2.5:7b-instruct."
        ),
    ] = "auto",
    timeout: Annotated[float, typer.Option(min=10, help="Seconds that healing may take.")] = 120.0,
) -> None:
    """Show the whole loop at work: three hosts on this machine, four real faults, each healed and measured.

    Exits with 0 only if all four were measured as healed. Leaves no process and no file behind, however it ends.
    """
    with Interrupts() as interrupts:
        try:
            ok = _run(interrupts, as_json=as_json, keep=keep, planner=planner, timeout=timeout)
            interrupts.check()
        except Interrupted as interrupted:
            typer.echo(f"{interrupted}; everything was stopped and removed", err=True)
            raise typer.Exit(interrupted.exit_code) from None
    raise typer.Exit(0 if ok else 1)


def _run(interrupts: Interrupts, *, as_json: bool, keep: bool, planner: str, timeout: float) -> bool:
    """Run the demo; True if all was healed. Raises Interrupted, or FleetmendError if it could not be put up."""
    # These bring Ansible, Celery and the database with them, which take seconds, and --help has to answer at once.
    from cli.demo.keep import keep_running
    from cli.demo.live import view_on
    from cli.demo.panels import print_report
    from cli.demo.report import Report
    from cli.demo.show import Stage, show

    interrupts.check()
    aside = Console(stderr=True) if as_json else Console()

    def then(report: Report, stage: Stage) -> None:
        if as_json:
            typer.echo(report.model_dump_json(indent=2))
        else:
            print_report(aside, report)
        if not report.ok and stage.place.log.is_file():
            lines = stage.place.log.read_text(encoding="utf-8", errors="replace").splitlines()
            typer.echo("\n".join(["The log ends with:", *lines[-_LOG_LINES:]]), err=True)
        if keep:
            keep_running(stage, aside, interrupts)

    try:
        return show(view_on(aside), interrupts, planner=planner, timeout=timeout, then=then).ok
    except FleetmendError:
        # Ctrl-C reaches what we started as well: what failed may have failed for that reason.
        interrupts.check()
        raise
