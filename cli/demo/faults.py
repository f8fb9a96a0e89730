"""The four faults. Each is real, and each is looked at again in a way of its own, with none of fleetmend's probes."""

from __future__ import annotations

import os
import re
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from cli.demo.hosts import DemoHost
from cli.demo.sessions import Session

_HTTP_OK = 200
_BUDGET_BYTES = 2 * 1024 * 1024
"""As `fleetmend_folders` in the demo's inventory says: 2MB."""
_FILE_BYTES = 600_000
_ROTATED = 5
_LOOK_SECONDS = 0.3
_BURNS_SHARE = 0.05


class Fault(ABC):
    """Something that is broken on one host. `symptom` and `subject` are what the loop should call it."""

    name: ClassVar[str]
    symptom: ClassVar[str]
    subject: ClassVar[str]

    def __init__(self, host: DemoHost) -> None:
        self.host = host

    @abstractmethod
    def put_in(self) -> str:
        """Break it, and return in words what was done."""

    @abstractmethod
    def still_there(self) -> bool:
        """True while it is broken, measured now."""


class KilledService(Fault):
    """The web service is killed, and its supervisor lets it lie."""

    name, symptom, subject = "killed_service", "service_down", "web"

    def put_in(self) -> str:
        pids = self.host.web_pids
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return f"the web service was killed (kill -9 {' '.join(map(str, pids))}) and stays down"

    def still_there(self) -> bool:
        return self.host.answer() != _HTTP_OK


class GrownLogs(Fault):
    """The log folder grows past its budget: rotated files that nobody removed, and a log in use."""

    name, symptom, subject = "grown_logs", "folder_over_budget", "logs"

    def put_in(self) -> str:
        line = b"2026-01-01 00:00:00,000 GET /orders/4711 took 1203 ms, more than the 1000 ms that are wanted\n"
        text = line * (_FILE_BYTES // len(line))
        for number in range(1, _ROTATED + 1):
            (self.host.logs / f"web.log.{number}").write_bytes(text)
        with (self.host.logs / "web.log").open("ab") as log:
            log.write(text)
        return f"the log folder was filled to {self._bytes() / 1024**2:.1f} MB; its budget is 2 MB"

    def still_there(self) -> bool:
        return self._bytes() > _BUDGET_BYTES

    def _bytes(self) -> int:
        return sum(path.stat().st_size for path in self.host.logs.iterdir() if path.is_file())


class RunawayProcess(Fault):
    """A job burns a core."""

    name, symptom, subject = "runaway_process", "cpu_runaway", "jobs"
    _job: Session | None = None

    def put_in(self) -> str:
        self._job = self.host.start_job("runaway.py")
        return f"a job was started that burns a core (process {self._job.pid}, jobs/runaway.py)"

    def still_there(self) -> bool:
        if self._job is None or not self._job.runs:
            return False
        before = self._job.processor_seconds
        time.sleep(_LOOK_SECONDS)
        return self._job.runs and self._job.processor_seconds - before > _BURNS_SHARE * _LOOK_SECONDS


class BrokenConfig(Fault):
    """The service's configuration is changed to something that it can't work with."""

    name, symptom, subject = "broken_config", "config_drift", "web_conf"

    def put_in(self) -> str:
        sane = self.host.config.read_text(encoding="utf-8")
        broken = re.sub(r"(?m)^max_items = .*$", "max_items = as many as there are", sane)
        self.host.config.write_text(broken, encoding="utf-8")
        return f"web.conf was changed, and the web service answers {self.host.answer()}"

    def still_there(self) -> bool:
        return self.host.answer() != _HTTP_OK


def four_faults(hosts: Mapping[str, DemoHost]) -> tuple[Fault, ...]:
    """The demo's faults, none of them put in yet: two on one host, so that they have to take turns there."""
    return (
        KilledService(hosts["demo1"]),
        GrownLogs(hosts["demo1"]),
        BrokenConfig(hosts["demo2"]),
        RunawayProcess(hosts["demo3"]),
    )
