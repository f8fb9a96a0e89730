"""The command line put together: every noun, in the order in which a newcomer needs them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli import (
    agents,
    answers,
    ask,
    catalog,
    db,
    detect,
    fleets,
    incidents,
    init,
    journal,
    lab,
    lessons,
    pause,
    people,
    plan,
    policy,
    processes,
    runs,
    settings,
    silences,
    slack,
    sources,
    tokens,
    undo,
    up,
)
from cli.options import Command, Content, Json, State, Url
from cli.session import session
from cli.version import version

app = typer.Typer(
    name="fleetmend",
    help="Self-healing for Ansible fleets: detect, plan from vetted playbooks, approve, run, verify, learn.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"fleetmend {version()}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    content: Content = None,
    state: State = None,
    url: Url = None,
    as_json: Json = False,
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Self-healing for Ansible fleets: detect, plan from vetted playbooks, approve, run, verify, learn."""


# The demo's own command takes the arguments, `--help` included: its module is imported only when it is called.
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def demo(ctx: typer.Context) -> None:
    """Break a small real fleet, and watch the loop heal it."""
    from cli.demo.command import demo as run_demo

    whole = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    whole.command()(run_demo)
    wants_json = session(ctx).as_json and "--json" not in ctx.args
    arguments: list[str] = [*ctx.args, *(["--json"] if wants_json else [])]
    whole(args=arguments, prog_name="fleetmend demo")


def _add(name: str, function: Any) -> None:
    app.command(name, cls=Command)(function)


_add("up", up.up)
_add("api", processes.api)
_add("worker", processes.worker)
_add("beat", processes.beat)
app.command("demo", add_help_option=False, context_settings=_PASSED_ON)(demo)
_add("init", init.init)
_add("incidents", incidents.incidents)
_add("incident", incidents.incident)
_add("plan", plan.plan)
_add("approve", plan.approve)
_add("reject", plan.reject)
_add("change", answers.change)
_add("snooze", answers.snooze)
_add("escalate", answers.escalate)
app.add_typer(policy.app, name="policy")
_add("close", incidents.close)
_add("detect", detect.detect)
_add("ask", ask.ask)
_add("undo", undo.undo)
app.add_typer(runs.app, name="runs")
_add("cancel", runs.cancel)
app.add_typer(fleets.app, name="fleets")
app.add_typer(catalog.app, name="catalog")
app.add_typer(lab.app, name="lab")
_add("lessons", lessons.lessons)
_add("agents", agents.agents)
app.add_typer(journal.app, name="journal")
_add("pause", pause.pause)
_add("resume", pause.resume)
app.add_typer(people.app, name="people")
_add("me", people.me)
_add("silence", silences.silence)
app.add_typer(silences.app, name="silences")
app.add_typer(sources.app, name="sources")
app.add_typer(tokens.app, name="tokens")
app.add_typer(slack.app, name="slack")
app.add_typer(db.app, name="db")
_add("backup", db.backup)
_add("restore", db.restore)
_add("settings", settings.settings)
