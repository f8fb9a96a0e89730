"""The call of ansible-runner. Nothing else in fleetmend starts ansible-playbook to act on hosts.

ansible-runner is used one level below its `run()`: that one would merge this process's whole environment into the
child's and into its artifacts, install signal handlers, and find ansible-playbook on PATH. So a launch works in any
thread, several at once, and touches neither `os.environ` nor the current folder.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from ansible_runner.config.runner import RunnerConfig
from ansible_runner.exceptions import CallbackError
from ansible_runner.runner import Runner, pexpect
from ansible_runner.utils import get_callback_dir

from core.errors import BadInput
from core.runs import ProcessRef
from runner.job import LIMIT, Job
from runner.processes import MARKER, child_of_ours, end_run
from runner.spawning import start_quickly

start_quickly()

_TICK = 0.2
"""Seconds between two looks at the deadline."""
_ASK = 0.5
"""Least seconds between two calls of `cancelled`, which may ask a database."""


class End(StrEnum):
    """Why ansible-playbook is no longer there."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"


class Ending(NamedTuple):
    """How a launch ended; `code` is the exit status of ansible-playbook, None if it has none."""

    end: End
    code: int | None


def launch(
    job: Job,
    *,
    on_event: Callable[[Mapping[str, Any]], None],
    on_process: Callable[[ProcessRef], None] = lambda process: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Ending:
    """Run *job* to its end and hand every raw event of ansible-runner to *on_event*, as it happens.

    Whatever a callback raises ends the run and is raised here. No process of the run is left when this returns.
    """
    config = _configure(job)
    watch = _Watch(job, on_process, cancelled)

    def keep_no_file(event: Mapping[str, Any]) -> bool:
        on_event(event)
        return False

    runner = Runner(config, event_handler=keep_no_file, cancel_callback=watch)
    try:
        runner.run()
    except CallbackError as error:
        raise error.__cause__ or error from None
    except pexpect.TIMEOUT:
        # ansible-playbook exited, but something that it started still holds its terminal. Its events are complete.
        pass
    finally:
        end_run(job.run_id, job.folder)
    code = runner.rc if watch.end is End.EXITED else None
    return Ending(watch.end, code)


def _configure(job: Job) -> RunnerConfig:
    program = Path(job.environment["PATH"].split(":", 1)[0]) / "ansible-playbook"
    if not program.is_file():
        raise BadInput(
            "ansible-playbook is not installed beside this Python; install fleetmend's dependencies", file=program
        )
    config = RunnerConfig(
        private_data_dir=str(job.folder),
        host_cwd=str(job.folder),
        ident=job.run_id,
        playbook=str(job.playbook),
        inventory=[str(job.inventory)],
        limit=f"@{job.folder / LIMIT}",
        forks=job.forks,
        verbosity=1 if job.check else None,  # tells why a task was skipped
        cmdline="--check --diff" if job.check else "--diff",
        fact_cache_type="none",
        quiet=True,
    )
    config.prepare()
    config.command[0] = str(program)
    config.cwd = str(job.project)
    config.env = dict(job.environment) | {
        MARKER: job.run_id,
        "ANSIBLE_CALLBACK_PLUGINS": get_callback_dir(),
        "ANSIBLE_STDOUT_CALLBACK": "awx_display",
        "AWX_ISOLATED_DATA_DIR": config.artifact_dir,
    }
    config.suppress_output_file = True
    config.pexpect_timeout = _TICK
    config.job_timeout = config.idle_timeout = None
    return config


class _Watch:
    """What ansible-runner calls between two looks at its child: reports the process, and says when to stop."""

    def __init__(self, job: Job, on_process: Callable[[ProcessRef], None], cancelled: Callable[[], bool]) -> None:
        self.end = End.EXITED
        self._job, self._on_process, self._cancelled = job, on_process, cancelled
        self._reported = False
        self._deadline = time.monotonic() + job.timeout
        self._next_ask = 0.0

    def __call__(self) -> bool:
        if not self._reported and (process := child_of_ours(self._job.run_id)) is not None:
            self._reported = True
            self._on_process(process)
        now = time.monotonic()
        if self.end is not End.EXITED:
            return True
        if now >= self._deadline:
            self.end = End.TIMEOUT
        elif now >= self._next_ask:
            self._next_ask = now + _ASK
            if self._cancelled():
                self.end = End.CANCELLED
        if self.end is End.EXITED:
            return False
        # ansible-runner ends a process group alone, which Ansible's workers are not in.
        end_run(self._job.run_id, self._job.folder)
        return True
