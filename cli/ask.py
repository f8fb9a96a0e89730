"""`fleetmend ask`: say what you want, or name a remedy; it becomes a plan under the same policy as any other."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from typing import Annotated, Any

import typer

from cli.account import show_plan
from cli.incidents import get_incident
from cli.page import Page
from cli.pairs import read_pairs
from cli.plan import current_plan, hint
from cli.session import Session, session
from core.errors import BadInput, NeedsHuman, Retryable
from core.states import State

_POLL_SECONDS = 1.0
_HINT_SECONDS = 5.0


def ask(
    ctx: typer.Context,
    fleet: Annotated[str, typer.Option(help="The fleet.")],
    text: Annotated[list[str] | None, typer.Argument(metavar="[TEXT]…", help="What you want, in words.")] = None,
    hosts: Annotated[
        list[str] | None, typer.Option("--host", help="The host, unless the text names it; may be repeated.")
    ] = None,
    remedy: Annotated[str | None, typer.Option(help="A remedy by name, instead of words.")] = None,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the remedy; may be repeated."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for a plan.")] = 150.0,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until there is a plan.")] = True,
) -> None:
    """Ask for something in words, and see the plan."""
    one = session(ctx)
    if values and remedy is None:
        raise BadInput("goes with --remedy; in words, just say it", key="--set")
    wish = {
        "fleet": fleet,
        "text": " ".join(text or []) or None,
        "hosts": hosts or None,
        "remedy": remedy,
        "parameters": read_pairs(values or [], "--set") if remedy is not None else None,
    }
    found = one.client.post("/requests", {name: value for name, value in wish.items() if value is not None})
    follow(one, found["id"], timeout if wait else None)


def follow(one: Session, incident_id: str, timeout: float | None) -> None:
    """Wait until what was asked for has a plan, and show it; *timeout* None: only say where it will be.

    Ends the command with the exit code of NeedsHuman if no plan came of it.
    """
    if timeout is None:
        words = f"asked: {incident_id}; `fleetmend plan {incident_id}` shows the plan"
        one.show(get_incident(one, incident_id), lambda page: page.line(words))
        return
    settled = _wait(one, incident_id, timeout)
    one.show(settled, lambda page: _answer(page, settled))
    if settled["plan_id"] is None:
        # The reason stands in what was printed.
        raise typer.Exit(NeedsHuman.exit_code)


def _wait(one: Session, incident_id: str, timeout: float) -> dict[str, Any]:
    """The incident, once it is decided what becomes of it. Raises Retryable if *timeout* seconds were not enough."""
    begin = time.monotonic()
    progress = Progress(sys.stderr)
    try:
        while not decided(found := get_incident(one, incident_id)):
            waited = time.monotonic() - begin
            if waited >= timeout:
                raise Retryable(
                    f"{incident_id} has no plan yet; is `fleetmend up` running? `fleetmend plan {incident_id}`"
                )
            hint = "; is `fleetmend up` running?" if waited > _HINT_SECONDS else ""
            progress.show(f"{incident_id} is {found['state']}, {waited:.0f}s{hint}")
            one.sleep(min(_POLL_SECONDS, timeout - waited))
    finally:
        progress.clear()
    return found


def decided(incident: dict[str, Any]) -> bool:
    """True once the incident has a plan that the policy has ruled on, or never will have one."""
    if incident["state"] == State.OPEN:
        return False
    if incident["state"] != State.PLANNED or incident["due_at"] is None:
        return True
    # A new plan is due at once, to be ruled on; one that is only suggested is put off.
    return datetime.fromisoformat(incident["due_at"]) > datetime.fromisoformat(incident["changed_at"])


class Progress:
    """One line on a terminal that is written over, and nothing elsewhere."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def show(self, text: str) -> None:
        """Replace the line with *text*."""
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()

    def clear(self) -> None:
        """Take the line away."""
        self.show("")


def _answer(page: Page, incident: dict[str, Any]) -> None:
    page.line(f"{incident['id']} is {incident['state']}: {incident['reason']}")
    if incident["plan_id"] is not None:
        show_plan(page, current_plan(incident))
        hint(page, incident)
