"""The preview: what a step would change, found by Ansible's check mode, and where check mode can't tell."""

from __future__ import annotations

from datetime import timedelta

from core.clock import Clock
from core.fleets import Fleet
from core.frozen import Frozen
from core.ids import new_id
from core.plans import Step
from core.redaction import Redactor
from core.runs import HostDiff, Preview, RunEvent, RunResult, RunStatus
from runner.diffs import diff_text
from runner.events import Event, is_unforeseen, read_event
from runner.launch import launch
from runner.private_folder import LOOKS, folder_of, private_folder
from runner.processes import end_strays
from runner.record import Record
from runner.staging import Stage, checked_parameters
from runner.words import bounded, one_line, redactor_of

_DIFF = 64 * 1024
"""Characters of diff kept for each host."""
_TASKS = 200
"""Tasks named for each host."""
_NO_CHECK_MODE = "all of it: the card of this remedy says that it has no check mode"


class Previewer:
    """Runs a step with `--check --diff` and gathers what each host would see."""

    def __init__(self, stage: Stage, clock: Clock) -> None:
        self._stage, self._clock = stage, clock

    def preview(self, fleet: Fleet, step: Step, frozen: Frozen, timeout: timedelta | None = None) -> Preview:
        """Preview *step* within *timeout*, or the card's if that is shorter. Raises Refused, Unvetted.

        Nothing is started for a remedy without check mode.
        """
        remedy = self._stage.remedy_of(step)
        if not remedy.check_mode:
            checked_parameters(fleet, step, remedy)
            hosts = tuple(HostDiff(host=host, diff="", unforeseen=(_NO_CHECK_MODE,)) for host in step.hosts)
            return Preview(result=RunResult(status=RunStatus.SUCCESSFUL), hosts=hosts)
        limit = min(timeout or remedy.timeout, remedy.timeout)
        look_id = new_id("look")
        with private_folder(folder_of(self._stage.settings.state, LOOKS, look_id)) as folder:
            gathered = _Gathered(redactor_of(fleet, folder))
            job = self._stage.set_up(
                fleet, step, frozen, remedy, run_id=look_id, folder=folder, timeout=limit, check=True
            )
            record = Record(look_id, gathered.redactor, self._clock, _nobody)

            def follow(event: Event) -> None:
                record(event)
                gathered.add(event)

            try:
                ending = launch(job, on_event=follow)
            finally:
                end_strays(look_id)
            result = record.result(step.hosts, ending, limit)
        return Preview(result=result, hosts=tuple(gathered.of(host, _unknown(host, result)) for host in step.hosts))


class _Gathered:
    """Diffs and task names by host."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self._diffs: dict[str, str] = {}
        self._tasks: dict[str, dict[str, None]] = {}
        self._unforeseen: dict[str, dict[str, None]] = {}

    def add(self, event: Event) -> None:
        """Take in one raw event."""
        for happening in read_event(event):
            if happening.host is None or happening.task is None:
                continue
            if happening.diff is not None:
                so_far = self._diffs.get(happening.host, "")
                if len(so_far) <= _DIFF:
                    self._diffs[happening.host] = so_far + diff_text(self.redactor, happening.diff)
            elif happening.kind == "changed":
                self._tasks.setdefault(happening.host, {})[happening.task] = None
        if is_unforeseen(event):
            data = event["event_data"]
            self._unforeseen.setdefault(str(data.get("host")), {})[str(data.get("task"))] = None

    def of(self, host: str, unknown: str | None) -> HostDiff:
        """All that was gathered for *host*, redacted and bounded; *unknown* says why that may not be all."""
        return HostDiff(
            host=host,
            diff=bounded(self.redactor, self._diffs.get(host, ""), _DIFF),
            tasks=self._lines(self._tasks.get(host, {})),
            unforeseen=self._lines(self._unforeseen.get(host, {})),
            unknown=unknown,
        )

    def _lines(self, names: dict[str, None]) -> tuple[str, ...]:
        return tuple(one_line(self.redactor, name) for name in list(names)[:_TASKS])


def _unknown(host: str, result: RunResult) -> str | None:
    """Why it is unknown what would change on *host*: a check run that stopped says nothing of what comes after."""
    seen = result.results.get(host)
    if result.status is RunStatus.SUCCESSFUL or (seen is not None and seen.good and not _ended_early(result)):
        return None
    return result.problem or f"the check run ended as {result.status}"


def _ended_early(result: RunResult) -> bool:
    return result.status in (RunStatus.TIMEOUT, RunStatus.CANCELLED)


def _nobody(event: RunEvent) -> None:
    """A preview has no listeners: its findings are its answer."""
