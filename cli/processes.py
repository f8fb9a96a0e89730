"""`fleetmend api`, `worker` and `beat`: the parts of `fleetmend up`, each a process of its own, over shared servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from cli.log import log_to_stderr
from cli.page import complain
from cli.session import session
from cli.version import version
from core.errors import FleetmendError

if TYPE_CHECKING:
    from cli.session import Session
    from cli.stopping import Stopping
    from loop.distributed import LoopBeat, LoopWorker

_LOOK_SECONDS = 0.2
_TIDY_EVERY = 50
"""Looks between two at what dead workers left behind: ten seconds."""


def api(ctx: typer.Context) -> None:
    """Answer the API, and nothing else, until Ctrl-C. Needs FLEETMEND_DATABASE_URL and FLEETMEND_BROKER_URL."""
    from contextlib import closing

    from api.app import create_app
    from api.front.limits import limits_for
    from api.server import Server
    from cli.stopping import Stopping
    from loop.distributed import open_loop

    one = _checked(ctx)
    with (
        Stopping() as stopping,
        closing(open_loop(one.settings)) as loop,
        Server(
            create_app(loop),
            host=one.settings.host,
            port=one.settings.port,
            tls_cert=one.settings.tls_cert,
            tls_key=one.settings.tls_key,
            limits=limits_for(one.settings.connections, one.settings.workers),
            proxies=one.settings.proxies,
        ) as server,
    ):
        hint = None if loop.context.store.tokens.any() else "none yet: `fleetmend tokens make NAME`"
        _welcome(one, "api", [("API", f"{server.url}/api/v1/docs"), ("token", hint)])
        while not stopping.wait(_LOOK_SECONDS):
            pass
        one.page.line("stopping; once more stops at once")


def worker(ctx: typer.Context) -> None:
    """Advance incidents and run sweeps until Ctrl-C. Needs FLEETMEND_DATABASE_URL and FLEETMEND_BROKER_URL."""
    from cli.stopping import Stopping, end_now
    from loop.distributed import LoopWorker

    one = _checked(ctx)
    with Stopping() as stopping, LoopWorker(one.settings) as working:
        _welcome(one, "worker", [("worker", working.name), ("threads", one.settings.workers)])
        _stay(one, stopping, working, working.look_around)
    if working.unfinished:
        one.page.line("stopped; what was still at work is taken up by others")
        end_now()


def beat(ctx: typer.Context) -> None:
    """Fire sweeps and schedules until Ctrl-C. Needs FLEETMEND_DATABASE_URL and FLEETMEND_BROKER_URL."""
    from cli.stopping import Stopping
    from loop.distributed import LoopBeat

    one = _checked(ctx)
    with Stopping() as stopping, LoopBeat(one.settings) as beating:
        _welcome(one, "beat", [])
        _stay(one, stopping, beating)


def _checked(ctx: typer.Context) -> Session:
    """The session, if the settings and the content hold. Otherwise nothing starts, and the exit code is 2."""
    from cli.preflight import preflight
    from loop.distributed import need_servers

    one = session(ctx)
    need_servers(one.settings)
    _, problems = preflight(one.settings)
    for problem in problems:
        complain(str(problem))
    if problems:
        raise typer.Exit(2)
    log_to_stderr(one.settings.log_level)
    return one


def _welcome(one: Session, name: str, fields: list[tuple[str, object]]) -> None:
    one.page.line(f"fleetmend {name} {version()}")
    one.page.fields([*fields, ("content", one.settings.content), ("state", one.settings.state)])
    one.page.line("Working; Ctrl-C stops it.")


def _stay(
    one: Session, stopping: Stopping, part: LoopWorker | LoopBeat, tidy: Callable[[], None] = lambda: None
) -> None:
    looks = 0
    while not stopping.wait(_LOOK_SECONDS):
        if not part.alive:
            raise FleetmendError("it ended without having been told to; see the log above, and start it again")
        looks += 1
        if looks % _TIDY_EVERY == 0:
            tidy()
    one.page.line("stopping; once more stops at once")
