"""The executor: one step, run once, in a private folder of its own (the `Executor` port of `core/ports.py`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from catalog.source import CatalogSource
from core.clock import Clock
from core.fleets import Fleet
from core.frozen import Frozen
from core.plans import Step
from core.runs import Preview, ProcessRef, RunEvent, RunResult
from core.settings import Settings
from runner.launch import launch
from runner.preview import Previewer
from runner.private_folder import RUNS, folder_of, private_folder
from runner.record import Record
from runner.settle import settle_run
from runner.staging import Stage
from runner.words import redactor_of


class AnsibleExecutor:
    """Runs steps through ansible-runner. Safe to use from many threads at once."""

    def __init__(self, catalog: CatalogSource, settings: Settings, clock: Clock) -> None:
        self._stage = Stage(catalog=catalog, settings=settings)
        self._state, self._clock = settings.state, clock
        self._previewer = Previewer(self._stage, clock)

    def execute(
        self,
        run_id: str,
        fleet: Fleet,
        step: Step,
        frozen: Frozen,
        *,
        on_event: Callable[[RunEvent], None],
        on_process: Callable[[ProcessRef], None],
        cancelled: Callable[[], bool],
    ) -> RunResult:
        """Run *step* and return how it ended; a failure of the playbook is a result, not an error.

        Ansible gets what is *frozen*: its inventory, the fleet's files, its settings and its environment.

        Raises Refused (hosts, values, a run that has already a folder) or Unvetted before anything runs. What a
        callback raises ends the run. Nothing of the run is left on this machine afterwards, neither process nor file.
        """
        remedy = self._stage.remedy_of(step)
        with private_folder(folder_of(self._state, RUNS, run_id)) as folder:
            job = self._stage.set_up(fleet, step, frozen, remedy, run_id=run_id, folder=folder, timeout=remedy.timeout)
            record = Record(run_id, redactor_of(fleet, folder), self._clock, on_event)
            ending = launch(job, on_event=record, on_process=on_process, cancelled=cancelled)
            return record.result(step.hosts, ending, remedy.timeout)

    def preview(self, fleet: Fleet, step: Step, frozen: Frozen, *, timeout: timedelta | None = None) -> Preview:
        """Say what *step* would change, by `--check --diff`. Raises Refused or Unvetted as `execute` does."""
        return self._previewer.preview(fleet, step, frozen, timeout)

    def settle(self, run_id: str, process: ProcessRef | None) -> None:
        """End what a dead worker's run left on this machine: its processes, then its private folder."""
        settle_run(self._state, run_id, process)
