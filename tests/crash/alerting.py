"""What sources of alerts do, and who silences them: actions for the crash matrix."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta

from loop.hooks import Unauthentic
from tests.crash.stage import Stage
from tests.hooks import TOKEN as HOOK_TOKEN
from tests.hooks import alert, group
from tests.people import ADA


def alert_fires(stage: Stage) -> None:
    send(stage, "firing")


def alert_is_over(stage: Stage) -> None:
    send(stage, "resolved")


def send(stage: Stage, status: str) -> None:
    """Alertmanager tells of an alert that nothing here treats."""
    body = json.dumps(group(alert(status=status, endsAt="2026-01-01T00:30:00Z")))
    stage.house.loop.hooks.take("alertmanager", [("Authorization", f"Bearer {HOOK_TOKEN}")], body.encode())


def somebody_else_knocks(stage: Stage) -> None:
    with suppress(Unauthentic):
        stage.house.loop.hooks.take("alertmanager", [("Authorization", "Bearer wrong")], b"{}")


def silence(stage: Stage) -> None:
    loop = stage.house.loop
    if not loop.context.store.silences.newest(in_force=False):
        loop.silencing.silence("demo", ADA, "new kernel", lasts=timedelta(hours=1))


def end_silence(stage: Stage) -> None:
    for one in stage.house.loop.context.store.silences.newest(in_force=True):
        stage.house.loop.silencing.end(one.id, ADA)


def look_outside(stage: Stage) -> None:
    stage.house.loop.outside.look_now()
