"""`fleetmend up`: the whole loop and its API in one process, until it is told to stop."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

import typer

from cli.log import log_to_stderr
from cli.page import Page, complain
from cli.session import person, session
from cli.version import version
from core.errors import Retryable

if TYPE_CHECKING:
    from core.fleets import FleetFile
    from core.settings import Settings
    from loop.embedded import Embedded

_FIRST_OWNER = "admin"
_LOOK_SECONDS = 0.5


def up(ctx: typer.Context) -> None:
    """Run the loop and the API until Ctrl-C.

    Checks the settings, the catalog and every fleet first: if anything is wrong, nothing starts, and the exit
    code is 2.
    """
    from cli.preflight import preflight

    one = session(ctx)
    files, problems = preflight(one.settings)
    if problems:
        for problem in problems:
            complain(str(problem))
        raise typer.Exit(2)
    _run(one.settings, files, one.page)


def _run(settings: Settings, files: dict[str, FleetFile], page: Page) -> None:
    from api.app import create_app
    from api.front.limits import limits_for
    from api.server import Server
    from cli.demo.hosts import demo_hosts
    from cli.demo.place import FLEET
    from cli.shipped_demo import point_at_hosts, shipped_app
    from cli.stopping import Stopping, end_now
    from cli.watch import Watch
    from loop.embedded import Embedded

    log_to_stderr(settings.log_level)
    with ExitStack() as house:
        stopping = house.enter_context(Stopping())
        app = shipped_app(settings)
        hosts_folder = None if app is None else point_at_hosts(settings)
        embedded = Embedded(settings)
        # Bound before anything works, so that a port that is taken starts nothing.
        server = Server(
            create_app(embedded.loop),
            host=settings.host,
            port=settings.port,
            tls_cert=settings.tls_cert,
            tls_key=settings.tls_key,
            limits=limits_for(settings.connections, settings.workers),
            proxies=settings.proxies,
        )
        if app is not None and hosts_folder is not None and files[FLEET].enabled:
            # A process that was killed left its folders here, and this one owns the state.
            shutil.rmtree(hosts_folder, ignore_errors=True)
            page.line("bringing up the demo's hosts …")
            house.enter_context(demo_hosts(hosts_folder, app, pause=stopping.pause))
        house.enter_context(embedded)
        house.enter_context(server)
        store = embedded.loop.context.store
        watch = Watch(store)
        _welcome(page, settings, files, server.url, None if store.tokens.any() else _first_token(embedded))
        while not stopping.wait(_LOOK_SECONDS):
            try:
                for line in watch.lines():
                    page.line(line)
            except Retryable as problem:
                complain(f"{problem}; the loop goes on, and so do these lines")
        page.line("stopping; once more stops at once")
    if embedded.unfinished:
        page.line("stopped; what was still at work is taken up at the next start")
        end_now()


def _welcome(page: Page, settings: Settings, files: dict[str, FleetFile], url: str, token: str | None) -> None:
    page.line(f"fleetmend {version()}")
    watched = {name: file for name, file in files.items() if file.enabled}
    page.fields(
        [
            ("API", f"{url}/api/v1/docs"),
            ("token", f"{token} (of {_FIRST_OWNER}; it is shown this once)" if token else None),
            ("planner", settings.model or "rules"),
            ("state", settings.state),
            *(
                ("fleet", f"{name}, mode {file.mode}, {counted(len(file.sweeps), 'sweep')}")
                for name, file in watched.items()
            ),
            *(("messages", words) for words in unheard(settings, watched)),
            *(("fleet", f"{name} is not watched: enabled is false") for name in files.keys() - watched.keys()),
        ]
    )
    page.line("Nothing is watched: there is no fleet." if not watched else "Watching; Ctrl-C stops it.")


def unheard(settings: Settings, files: dict[str, FleetFile]) -> list[str]:
    """What fleets want told, and nobody is: once, at the start."""
    found = []
    slack = [name for name, file in files.items() if file.notify.slack is not None]
    webhook = [name for name, file in files.items() if file.notify.webhook]
    if slack and settings.slack_token is None:
        found.append(f"{', '.join(slack)} name a Slack channel, and FLEETMEND_SLACK_TOKEN is not set")
    if webhook and settings.webhook_url is None:
        found.append(f"{', '.join(webhook)} want the webhook told, and FLEETMEND_WEBHOOK_URL is not set")
    return found


def counted(number: int, noun: str) -> str:
    """`1 sweep`, `2 sweeps`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _first_token(embedded: Embedded) -> str:
    return embedded.loop.context.store.tokens.make(_FIRST_OWNER, f"person:{person()}")
