"""When what is due: the beat's entries for a fleet, and the due time that makes a tick happen once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from celery.schedules import BaseSchedule, ParseException, crontab
from celery.schedules import schedule as interval

from core.errors import BadInput, Conflict
from core.fleets import FleetFile, Schedule
from core.incidents import Request
from core.points import Point
from loop.context import Context
from loop.intake import Intake

log = logging.getLogger(__name__)


class BeatEntry(NamedTuple):
    """One line of the beat: which task, with which arguments, when."""

    name: str
    task: str
    arguments: tuple[object, ...]
    schedule: BaseSchedule


def entries_of(fleet_name: str, file: FleetFile) -> Iterator[BeatEntry]:
    """The beat's entries for one fleet. Raises BadInput for a cron text that Celery can't read."""
    if not file.enabled:
        return
    for number, sweep in enumerate(file.sweeps):
        every = interval(sweep.every)
        yield BeatEntry(f"sweep {fleet_name} {number}", "fleetmend.sweep", (fleet_name, number), every)
    for name, schedule in file.schedules.items():
        when = _when(fleet_name, name, schedule)
        yield BeatEntry(f"schedule {fleet_name} {name}", "fleetmend.schedule", (fleet_name, name), when)


def _when(fleet_name: str, name: str, schedule: Schedule) -> BaseSchedule:
    if schedule.every is not None:
        return interval(schedule.every)
    minute, hour, day, month, weekday = str(schedule.cron).split()
    try:
        return crontab(minute=minute, hour=hour, day_of_month=day, month_of_year=month, day_of_week=weekday)
    except (ParseException, ValueError) as error:
        raise BadInput(
            f"{schedule.cron!r} is no cron text: {error}", key=f"{fleet_name}: schedules.{name}.cron"
        ) from None


def due_time(now: datetime, every: timedelta) -> datetime:
    """The latest multiple of *every* (counted from the epoch) that is not after *now*."""
    seconds = every.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)


class Schedules:
    """Turns a schedule's tick into requests, one a host."""

    def __init__(self, context: Context, intake: Intake) -> None:
        self._context, self._intake = context, intake

    def tick(self, fleet_name: str, name: str) -> int:
        """Ask for the scheduled remedy on its hosts, once a due time. Returns how many requests were opened."""
        fleet = self._context.fleet(fleet_name)
        schedule = fleet.file.schedules[name]
        due_at = due_time(self._context.clock.now(), schedule.every or timedelta(minutes=1))
        opened: list[str] = []
        with self._context.store.write(Point.SCHEDULES_TICK) as tx:
            if not self._context.store.ticks.take(tx, f"schedule:{fleet_name}/{name}", due_at):
                return 0
            for host in fleet.select(schedule.hosts):
                request = Request(
                    by=f"schedule:{name}", remedy=schedule.remedy, hosts=(host,), parameters=schedule.parameters
                )
                try:
                    opened.append(self._intake.open_request(tx, fleet_name, host, f"schedule:{name}", request).id)
                except Conflict as error:
                    log.warning("%s", error)
        for incident_id in opened:
            self._context.doorbell.ring(incident_id)
        return len(opened)
