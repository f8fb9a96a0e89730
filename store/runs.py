"""Runs and their events. One run a step and plan, ever: the database refuses a second one (law 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.errors import Conflict, NotFound
from core.points import Point
from core.runs import ProcessRef, Run, RunEvent, RunResult, RunStatus
from store.database import Database, Tx
from store.journal import Journal
from store.scopes import Fleets, within
from store.tables import run_events, run_hosts, runs


class Runs:
    """Begins, follows and ends runs."""

    def __init__(self, database: Database, clock: Clock, journal: Journal) -> None:
        self._database, self._clock, self._journal = database, clock, journal

    def begin(self, tx: Tx, run: Run) -> None:
        """Insert *run*. Raises Conflict if this step of this plan was begun before."""
        try:
            tx.execute(insert(runs).values(**_values(run)))
        except IntegrityError as error:
            raise Conflict(f"step {run.step} of {run.plan_id} was begun before; it is not run twice") from error
        rows = [
            {"run_id": run.id, "host": host, "fleet": run.fleet, "remedy": run.remedy, "started_at": run.started_at}
            for host in run.hosts
        ]
        tx.execute(insert(run_hosts), rows)
        body = {"run": run.id, "plan": run.plan_id, "step": run.step, "remedy": run.remedy, "hosts": list(run.hosts)}
        self._journal.append(tx, "run.began", run.worker, body, run.incident_id)

    def follow(self, run_id: str, process: ProcessRef) -> None:
        """Ansible was started: remember its process, so that it can be ended when we are gone."""
        with self._database.write(Point.RUNS_FOLLOW) as tx:
            values = {"process": process.model_dump(), "status": RunStatus.RUNNING}
            tx.execute(update(runs).where(runs.c.id == run_id, runs.c.ended_at.is_(None)).values(**values))

    def end(self, tx: Tx, run: Run, result: RunResult) -> Run:
        """Close *run*. Raises Conflict if it was closed before (a late worker)."""
        values: dict[str, Any] = {
            "status": result.status,
            "results": {host: counted.model_dump() for host, counted in result.results.items()},
            "problem": result.problem,
            "ended_at": self._clock.now(),
        }
        open_run = (runs.c.id == run.id) & runs.c.ended_at.is_(None)
        if tx.execute(update(runs).where(open_run).values(**values)).rowcount != 1:
            raise Conflict(f"{run.id} was closed before")
        body = {"run": run.id, "status": result.status, "problem": result.problem}
        self._journal.append(tx, "run.ended", run.worker, body, run.incident_id)
        return run.evolve(**values)

    def ask_to_cancel(self, tx: Tx, run: Run, by: str) -> None:
        """Have the worker stop *run*. Raises Conflict if it ended already."""
        open_run = (runs.c.id == run.id) & runs.c.ended_at.is_(None)
        if tx.execute(update(runs).where(open_run).values(cancelled_by=by)).rowcount != 1:
            raise Conflict(f"{run.id} has ended; there is nothing to cancel")
        self._journal.append(tx, "run.cancel_asked", by, {"run": run.id}, run.incident_id)

    def cancelled(self, run_id: str) -> bool:
        """True if somebody wants this run stopped."""
        with self._database.read() as tx:
            row = tx.one(select(runs.c.cancelled_by).where(runs.c.id == run_id))
        return row is not None and row["cancelled_by"] is not None

    def count_open(self, fleet: str) -> int:
        """How many runs of *fleet* have not ended."""
        query = select(func.count()).where(runs.c.fleet == fleet, runs.c.ended_at.is_(None))
        with self._database.read() as tx:
            return int(tx.execute(query).scalar_one())

    def ended_on(self, fleet: str, host: str, since: datetime) -> bool:
        """True if a run ended on *host* after *since*."""
        query = (
            select(runs.c.id)
            .join(run_hosts, run_hosts.c.run_id == runs.c.id)
            .where(run_hosts.c.fleet == fleet, run_hosts.c.host == host, runs.c.ended_at > since)
        )
        with self._database.read() as tx:
            return tx.one(query.limit(1)) is not None

    def get(self, run_id: str, *, fleets: Fleets = None) -> Run:
        """The run in *fleets* with this id, or whose id ends in it if just one does. Raises NotFound."""
        visible = within(select(runs), runs.c.fleet, fleets)
        with self._database.read() as tx:
            rows = tx.all(visible.where(runs.c.id == run_id))
            if not rows and len(run_id) >= 4:
                rows = tx.all(visible.where(runs.c.id.endswith(run_id, autoescape=True)).limit(2))
        if len(rows) != 1:
            raise NotFound(f"no run {run_id!r}; `fleetmend runs` lists them")
        return Run.model_validate(dict(rows[0]))

    def newest(
        self, *, incident_id: str | None = None, open_only: bool = False, limit: int = 100, fleets: Fleets = None
    ) -> list[Run]:
        """The newest runs first, in *fleets* alone."""
        query = (
            within(select(runs), runs.c.fleet, fleets).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        )
        if incident_id is not None:
            query = query.where(runs.c.incident_id == incident_id)
        if open_only:
            query = query.where(runs.c.ended_at.is_(None))
        with self._database.read() as tx:
            return [Run.model_validate(dict(row)) for row in tx.all(query)]

    def of_plan(self, plan_id: str) -> Sequence[Run]:
        """The runs of a plan, in the order of its steps."""
        with self._database.read() as tx:
            rows = tx.all(select(runs).where(runs.c.plan_id == plan_id).order_by(runs.c.step))
        return [Run.model_validate(dict(row)) for row in rows]

    def record(self, event: RunEvent) -> None:
        """Store one event, already redacted."""
        with self._database.write(Point.RUNS_RECORD) as tx:
            tx.execute(insert(run_events).values(**event.model_dump()))

    def events(self, run_id: str, after: int = 0) -> list[RunEvent]:
        """The run's events behind number *after*, in order."""
        query = select(run_events).where(run_events.c.run_id == run_id, run_events.c.seq > after)
        with self._database.read() as tx:
            return [RunEvent.model_validate(dict(row)) for row in tx.all(query.order_by(run_events.c.seq))]


def _values(run: Run) -> dict[str, Any]:
    dumped = run.model_dump(mode="json")
    return dumped | {"started_at": run.started_at, "ended_at": run.ended_at}
