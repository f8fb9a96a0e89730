"""`fleetmend agents`: who works on the loop, where, and on what."""

from __future__ import annotations

import typer

from cli.session import session
from cli.times import moment


def agents(ctx: typer.Context) -> None:
    """Show each step of the loop in each process: is it alive, what does it do, what waits for it.

    One that gave no sign within the lease time is dead; another process takes over what it held.
    """
    one = session(ctx)
    found = one.client.get("/agents")
    rows = [
        (
            agent["role"],
            f"{agent['machine']}:{agent['pid']}",
            "alive" if agent["alive"] else f"dead; last seen {moment(agent['beat_at'])}",
            moment(agent["since"]),
            ", ".join(agent["doing"]) if agent["doing"] and agent["alive"] else "-",
            agent["queue"],
            agent["last_error"] or "-",
        )
        for agent in found
    ]
    headings = ("agent", "where", "is", "since", "does", "queue", "last error")
    one.show(found, lambda page: page.table(headings, rows, empty="nobody works on the loop; start `fleetmend up`"))
