"""The record of one launch: raw events go in, redacted ones go on to whoever listens, and a result comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

from core.clock import Clock
from core.durations import format_duration
from core.redaction import Redactor
from core.runs import HostResult, RunEvent, RunResult, RunStatus
from runner.diffs import diff_text
from runner.events import Event, Happening, error_of, read_event, results_of
from runner.launch import End, Ending
from runner.words import DETAIL, bounded, one_line, shown

_COUNTS = {"ok": ("ok",), "changed": ("ok", "changed"), "failed": ("failed",), "unreachable": ("unreachable",)}
_COUNTS |= {"skipped": ("skipped",)}


class Record:
    """Follows the events of one run. Everything that leaves it is redacted and bounded."""

    def __init__(self, run_id: str, redactor: Redactor, clock: Clock, on_event: Callable[[RunEvent], None]) -> None:
        self._run_id, self._clock, self._on_event = run_id, clock, on_event
        self._redactor = redactor
        self._seq = 0
        self._counted: dict[str, Counter[str]] = {}
        self._stats: dict[str, HostResult] | None = None
        self._failures: dict[str, str] = {}
        self._error: str | None = None
        self._task: str | None = None

    def __call__(self, event: Event) -> None:
        """Take in one raw event."""
        for happening in read_event(event):
            self._follow(happening)
            self._tell(happening)
        self._stats = results_of(event) or self._stats
        error = error_of(event)
        if error is not None and self._error is None:
            self._error = one_line(self._redactor, error)

    def result(self, hosts: Sequence[str], ending: Ending, timeout: timedelta) -> RunResult:
        """How the run ended for *hosts*: successful only if Ansible accounted for each of them, and for no other."""
        results = self._stats if self._stats is not None else self._so_far()
        if ending.end is End.CANCELLED:
            return RunResult(status=RunStatus.CANCELLED, results=results, problem=self._during("it was cancelled"))
        if ending.end is End.TIMEOUT:
            problem = self._during(f"it was ended at its time limit of {format_duration(timeout)}")
            return RunResult(status=RunStatus.TIMEOUT, results=results, problem=problem)
        problem_found = self._problem(hosts, results, ending)
        status = RunStatus.FAILED if problem_found else RunStatus.SUCCESSFUL
        return RunResult(status=status, results=results, problem=problem_found)

    def _problem(self, hosts: Sequence[str], results: dict[str, HostResult], ending: Ending) -> str | None:
        bad = [host for host in hosts if host in results and not results[host].good]
        missing = [host for host in hosts if host not in results]
        others = sorted(set(results) - set(hosts))
        if bad:
            return f"{bad[0]}: {self._failures.get(bad[0], 'failed')}{_and_more(bad)}"
        if self._stats is None:
            return self._error or f"Ansible gave no account of what it did (exit status {ending.code})"
        if missing:
            return f"{missing[0]}: Ansible did not run there; check that the inventory still has it{_and_more(missing)}"
        if others:
            return f"{others[0]}: Ansible acted there though it is no host of this step{_and_more(others)}"
        if ending.code not in (0, None):
            return self._error or f"ansible-playbook ended with exit status {ending.code}"
        return None

    def _follow(self, happening: Happening) -> None:
        if happening.kind == "task":
            self._task = happening.task
        if happening.host is None:
            return
        for name in _COUNTS.get(happening.kind, ()):
            self._counted.setdefault(happening.host, Counter())[name] += 1
        if happening.kind in ("failed", "unreachable"):
            # A rescued failure is followed by others or by none; the last one is what Ansible stopped at.
            self._failures[happening.host] = one_line(self._redactor, f"{happening.task}: {happening.text}")

    def _tell(self, happening: Happening) -> None:
        detail = self._detail(happening)
        if happening.kind == "progress" and not detail:
            return
        self._seq += 1
        self._on_event(
            RunEvent(
                run_id=self._run_id,
                seq=self._seq,
                at=self._clock.now(),
                kind=happening.kind,
                host=happening.host,
                task=one_line(self._redactor, happening.task) if happening.task else None,
                detail=detail,
            )
        )

    def _detail(self, happening: Happening) -> str | None:
        if happening.diff is not None:
            return bounded(self._redactor, diff_text(self._redactor, happening.diff), DETAIL) or None
        if happening.text is None:
            return None
        if happening.kind == "progress":
            return bounded(self._redactor, shown(self._redactor, happening.text), DETAIL)
        return one_line(self._redactor, str(happening.text))

    def _so_far(self) -> dict[str, HostResult]:
        return {host: HostResult(**counted) for host, counted in sorted(self._counted.items())}

    def _during(self, what: str) -> str:
        return (
            f"{what}, during the task {one_line(self._redactor, self._task)}"
            if self._task
            else f"{what}, before any task"
        )


def _and_more(hosts: Sequence[str]) -> str:
    return f" (and {len(hosts) - 1} more hosts)" if len(hosts) > 1 else ""
