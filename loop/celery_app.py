"""The Celery application: thin tasks over the loop. A task carries an id, never state."""

from __future__ import annotations

import logging
import time

from celery import Celery
from kombu.exceptions import OperationalError

from core.errors import BadInput, FleetmendError, Retryable
from core.ports import Doorbell
from core.settings import Settings
from loop import memory_broker
from loop.backpressure import TRY_AGAIN_SECONDS, NoPlace, leave_out
from loop.schedules import due_time
from loop.wiring import Loop

log = logging.getLogger(__name__)

_BROKER_SECONDS = 4.0
_QUIET_SECONDS = 5.0
_RING_LASTS_SECONDS = 60.0
"""A ring that nobody took by then has been rung again."""
_REDIS = {
    "socket_connect_timeout": _BROKER_SECONDS,
    "socket_timeout": 30.0,  # longer than a worker's blocking look into the queue
    "socket_keepalive": True,
    "health_check_interval": 25,
}
"""Tasks are acknowledged before they run, so Redis's visibility timeout does not matter: what a worker that died had
fetched is rung again by the reconciler, and a ring that comes back an hour later finds nothing to do."""


def make_app(settings: Settings) -> Celery:
    """An application for the settings' broker, without tasks yet."""
    app = Celery("fleetmend", broker=settings.broker_url or memory_broker.URL, set_as_current=False)
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
        worker_enable_remote_control=False,
        # After a lost connection it would be restored by whichever thread acknowledges, and over AMQP two that wait for
        # the broker's answer on one connection wait for ever.
        worker_enable_prefetch_count_reduction=False,
        broker_connection_max_retries=None,
        broker_connection_timeout=_BROKER_SECONDS,
    )
    if (settings.broker_url or "").startswith("redis"):
        app.conf.broker_transport_options = _REDIS
    try:
        _ = app.connection_for_write().transport_cls
    except (KeyError, ImportError, ValueError) as error:
        problem = f"Celery knows no such broker ({error}); Redis is redis://:password@host:6379/0"
        raise BadInput(problem, key="FLEETMEND_BROKER_URL") from None
    return app


class CeleryDoorbell:
    """Rings by sending a task. A broker that is away is left alone for a while: the reconciler rings again."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._quiet_until = 0.0

    def ring(self, incident_id: str) -> None:
        """Wake a worker, if the broker can be reached. Never raises: what is due is in the database."""
        if time.monotonic() < self._quiet_until:
            return
        try:
            self._app.send_task("fleetmend.advance", (incident_id,), expires=_RING_LASTS_SECONDS, retry=False)
        except OperationalError as error:
            self._quiet_until = time.monotonic() + _QUIET_SECONDS
            log.warning("the broker does not answer, so nobody is woken; nothing is lost: %s", error)


def doorbell_of(settings: Settings) -> Doorbell | None:
    """For a process without workers: the bell of the broker that its settings name, None without one."""
    return CeleryDoorbell(make_app(settings)) if settings.broker_url else None


def add_tasks(app: Celery, loop: Loop) -> None:
    """Give *app* its tasks."""

    @app.task(name="fleetmend.advance")
    def advance(_incident_id: str) -> None:
        try:
            loop.engine.advance_next()
        except Retryable as error:
            log.warning("what is due is left for later: %s", error)

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
        try:
            loop.reconciler.look()
            loop.outside.look()
        except Retryable as error:
            log.warning("what is due could not be looked up: %s", error)

    @app.task(name="fleetmend.prune")
    def prune() -> None:
        try:
            loop.housekeeping.tick()
        except FleetmendError as error:
            log.error("old rows could not be pruned: %s", error)
