"""What people decide: actions for the crash matrix."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from core.errors import BadInput, Conflict, Refused
from core.states import State
from tests.crash.stage import Stage
from tests.people import ADA, BOB


def approve(stage: Stage) -> None:
    for incident in stage.house.loop.context.store.incidents.newest(live=True):
        with suppress(Conflict):
            stage.house.loop.decisions.approve(incident.id, ADA)


def reject(stage: Stage) -> None:
    for incident in stage.house.loop.context.store.incidents.newest(live=True):
        with suppress(Conflict):
            stage.house.loop.decisions.reject(incident.id, ADA, "not today")


def others_approve(stage: Stage) -> None:
    for incident in stage.house.loop.context.store.incidents.newest(live=True):
        with suppress(Conflict, Refused):
            stage.house.loop.decisions.approve(incident.id, BOB)


def change(stage: Stage) -> None:
    for incident in stage.house.loop.context.store.incidents.newest(live=True):
        with suppress(Conflict, BadInput):  # a second time there is nothing left to change
            stage.house.loop.decisions.change(incident.id, ADA, parameters={"service": "db"})


def snooze(stage: Stage) -> None:
    for incident in stage.house.loop.context.store.incidents.newest(live=True):
        with suppress(Conflict):
            stage.house.loop.decisions.snooze(incident.id, ADA, timedelta(hours=1))


def look_early(stage: Stage) -> None:
    """Somebody rings before anything is due for those who wait for people."""
    store = stage.house.loop.context.store
    for incident in store.incidents.newest(state=State.AWAITING_APPROVAL):
        with suppress(Conflict), store.write() as tx:
            store.incidents.postpone(tx, incident, stage.house.clock.now())
        stage.house.loop.engine.advance(incident.id)


def escalate(stage: Stage) -> None:
    for incident in stage.house.loop.context.store.incidents.newest(live=True):
        with suppress(Conflict):
            stage.house.loop.decisions.escalate(incident.id, ADA, "mine")


def pause(stage: Stage) -> None:
    stage.house.loop.context.store.pauses.pause("demo", ADA.by, "maintenance")


def resume(stage: Stage) -> None:
    with suppress(Conflict):
        stage.house.loop.context.store.pauses.resume("demo", ADA.by)
