"""What a trial does to hosts and asks of them, without fleetmend: break, mend, look from outside, take a snapshot."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from core.errors import FleetmendError
from lab.breaking import break_host, mend_host
from lab.faults import Fault
from lab.lab import Lab
from lab.proving.collateral import Snapshot
from lab.proving.observers import look
from lab.proving.scenario import Check

_PROGRAM = Path(__file__).parent / "on_host" / "snapshot.py"
_SNAPSHOT_SECONDS = 60
_WORKERS = 6


class Bench(Protocol):
    """The hosts under test."""

    def snapshot(self) -> Snapshot:
        """What every host is like now. Raises FleetmendError if one can't be looked at."""
        ...

    def look(self, check: Check) -> str | None:
        """Ask once, from outside: None if *check* holds, else what was seen instead."""
        ...

    def break_(self, fault: str, host: str) -> None:
        """Put *fault* on *host*. Raises FleetmendError."""
        ...

    def mend(self, fault: str, host: str) -> None:
        """Take *fault* off *host*, healed or not. Raises FleetmendError."""
        ...


class LabBench:
    """A real lab. *faults* are all that may be named: the shipped ones, and a user's own."""

    def __init__(self, lab: Lab, faults: dict[str, Fault]) -> None:
        self._lab, self._faults = lab, faults

    def snapshot(self) -> Snapshot:
        """What every host is like now."""
        program = _PROGRAM.read_text(encoding="utf-8")
        names = [host.name for host in self._lab.hosts]
        with ThreadPoolExecutor(_WORKERS) as pool:
            return dict(zip(names, pool.map(lambda name: self._of(name, program), names), strict=True))

    def look(self, check: Check) -> str | None:
        """Ask once, over plain SSH."""
        return look(self._lab, check)

    def break_(self, fault: str, host: str) -> None:
        """Put *fault* on *host*."""
        lab = self._lab
        break_host(lab.record, lab.layout, lab.folder, self._faults[fault], lab.host(host))

    def mend(self, fault: str, host: str) -> None:
        """Take *fault* off *host*."""
        lab = self._lab
        mend_host(lab.record, lab.layout, lab.folder, self._faults[fault], lab.host(host))

    def _of(self, host: str, program: str) -> dict[str, dict[str, str]]:
        command = ["python3", "-I", "-"]
        said = self._lab.ssh(host, command, stdin=program, timeout=_SNAPSHOT_SECONDS)
        if not said.ok:  # a fault may close SSH
            said = self._lab.inside(host, command, stdin=program, timeout=_SNAPSHOT_SECONDS)
        try:
            found: dict[str, dict[str, str]] = json.loads(said.out)
        except ValueError:
            words = (said.err or said.out).strip().splitlines()[-1:] or [f"exit status {said.code}"]
            raise FleetmendError(f"no snapshot of {host} could be taken: {words[0]}") from None
        return found
