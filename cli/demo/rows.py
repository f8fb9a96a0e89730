"""Follows the loop at work through the store, as anybody outside of it would: rows for people to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cli.demo.place import FLEET
from core.incidents import Incident
from core.runs import Run
from core.states import State
from store.store import Store


@dataclass(frozen=True, kw_only=True)
class Row:
    """One incident as it stands now. `age` is in seconds, up to its end if it has ended."""

    incident_id: str
    host: str
    symptom: str
    subject: str
    state: State
    remedy: str
    progress: str
    age: float

    @property
    def problem(self) -> str:
        return " ".join(part for part in (self.symptom, self.subject) if part)


class Rows:
    """Reads incidents, runs and events. Keeps nothing but how far each run's events were read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[str, tuple[int, str]] = {}

    def look(self, now: datetime) -> tuple[Row, ...]:
        """One row for each incident of the demo's fleet, oldest first."""
        incidents = sorted(self._store.incidents.newest(fleet=FLEET), key=lambda one: (one.opened_at, one.id))
        newest: dict[str, Run] = {}
        for run in self._store.runs.newest():
            newest.setdefault(run.incident_id, run)
        return tuple(self._row(incident, newest.get(incident.id), now) for incident in incidents)

    def _row(self, incident: Incident, run: Run | None, now: datetime) -> Row:
        plan = None if incident.plan_id is None else self._store.plans.get(incident.plan_id)
        progress = incident.reason if plan is None else incident.reason.removeprefix(f"healed by {plan.title}: ")
        if incident.state is State.RUNNING and run is not None:
            progress = self._task(run) or "Ansible starts"
        return Row(
            incident_id=incident.id,
            host=incident.host,
            symptom=incident.symptom,
            subject=incident.subject,
            state=incident.state,
            remedy="" if plan is None else ", ".join(step.remedy for step in plan.steps),
            progress=progress,
            age=((incident.ended_at or now) - incident.opened_at).total_seconds(),
        )

    def _task(self, run: Run) -> str:
        """The task that *run* is at."""
        last, task = self._seen.get(run.id, (0, ""))
        for event in self._store.runs.events(run.id, after=last):
            last, task = event.seq, event.task or task
        self._seen[run.id] = (last, task)
        return task


def settled(rows: Sequence[Row]) -> bool:
    """True if the loop has nothing left to do for any of *rows*."""
    return all(row.state.terminal or row.state is State.ESCALATED for row in rows)
