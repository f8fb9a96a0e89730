"""The Celery application: thin tasks over the loop. A task carries an id, never state."""

from __future__ import annotations

import logging

from celery import Celery

from core.errors import FleetmendError, Retryable
from core.settings import Settings
from loop.backpressure import TRY_AGAIN_SECONDS, NoPlace, leave_out
from loop.schedules import due_time
from loop.wiring import Loop

log = logging.getLogger(__name__)

IN_MEMORY = "memory://"
_POLLING_SECONDS = 0.01
"""The in-memory broker looks once a second by default; this brings a task to its worker in milliseconds."""


def make_app(settings: Settings) -> Celery:
    """An application for the settings' broker, without tasks yet."""
    app = Celery("fleetmend", broker=settings.broker_url or IN_MEMORY, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        timezone="UTC",
        enable_utc=True,
        worker_redirect_stdouts=False,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        task_default_queue="fleetmend",
    )
    if settings.broker_url is None:
        app.conf.broker_transport_options = {"polling_interval": _POLLING_SECONDS}
    return app


class CeleryDoorbell:
    """Rings by sending a task."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def ring(self, incident_id: str) -> None:
        """Wake a worker for the incident."""
        self._app.send_task("fleetmend.advance", (incident_id,))


def add_tasks(app: Celery, loop: Loop) -> None:
    """Give *app* its tasks."""

    @app.task(name="fleetmend.advance")
    def advance(incident_id: str) -> None:
        try:
            loop.engine.advance(incident_id)
        except Retryable as error:
            log.warning("%s waits: %s", incident_id, error)

    @app.task(name="fleetmend.sweep")
    def sweep(fleet: str, number: int, tries: int = 1) -> None:
        try:
            every = loop.context.fleet_source.file(fleet).sweeps[number].every
            loop.sweeps.tick(fleet, number, due_time(loop.context.clock.now(), every))
        except NoPlace as error:
            if tries * TRY_AGAIN_SECONDS < every.total_seconds():
                # A task with a countdown waits in the worker's timer, not in one of its threads.
                app.send_task("fleetmend.sweep", (fleet, number, tries + 1), countdown=TRY_AGAIN_SECONDS)
            else:
                leave_out(loop.context, f"sweep:{fleet}/{number}", "no_room", str(error))
        except (FleetmendError, IndexError) as error:
            log.error("the sweep of %s could not be made: %s", fleet, error)

    @app.task(name="fleetmend.schedule")
    def schedule(fleet: str, name: str) -> None:
        try:
            loop.schedules.tick(fleet, name)
        except (FleetmendError, KeyError) as error:
            log.error("the schedule %s of %s could not be followed: %s", name, fleet, error)

    @app.task(name="fleetmend.reconcile", ignore_result=True)
    def reconcile() -> None:
        loop.reconciler.look()

    @app.task(name="fleetmend.prune")
    def prune() -> None:
        try:
            loop.housekeeping.tick()
        except FleetmendError as error:
            log.error("old rows could not be pruned: %s", error)
