"""Putting faults on hosts and taking them off again, and remembering which are on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from core.clock import SystemClock
from core.errors import BadInput
from core.model import Model
from lab.faults import BREAK, MEND, Fault, Way
from lab.folders import LabFolder
from lab.layout import Layout
from lab.machines import wait_for_leader
from lab.programs import LabFailed, last_words
from lab.record import LabHost, LabRecord
from lab.setting_up import script_command
from lab.ssh import NO_CONNECTION, Said, inside, over_ssh


class Broken(Model):
    """A fault that is on a host."""

    fault: str
    host: str
    since: datetime


def break_host(record: LabRecord, layout: Layout, folder: LabFolder, fault: Fault, host: LabHost) -> Said:
    """Put *fault* on *host*. Raises BadInput if it does not fit there, LabFailed if its script fails."""
    if not fault.fits(host):
        fits = ", ".join(one.name for one in record.hosts if fault.fits(one))
        raise BadInput(f"the fault {fault.name} does not fit {host.name}; of this lab's hosts it fits {fits or 'none'}")
    # Noted first: a script that fails half-way has to be mended, too.
    folder.broken.mkdir(mode=0o700, exist_ok=True)
    broken = Broken(fault=fault.name, host=host.name, since=SystemClock().now())
    _note(folder, fault.name, host.name).write_text(broken.model_dump_json() + "\n", encoding="utf-8")
    return _run(record, layout, folder, fault, host, BREAK)


def mend_host(record: LabRecord, layout: Layout, folder: LabFolder, fault: Fault, host: LabHost) -> Said:
    """Take *fault* off *host*, whether it is still on or was healed. Raises LabFailed if its script fails."""
    said = _run(record, layout, folder, fault, host, MEND)
    _note(folder, fault.name, host.name).unlink(missing_ok=True)
    return said


def broken_in(folder: LabFolder) -> list[Broken]:
    """What was broken and not mended, the oldest first."""
    notes = [Broken.model_validate_json(path.read_text(encoding="utf-8")) for path in folder.broken.glob("*.json")]
    return sorted(notes, key=lambda one: (one.since, one.fault, one.host))


def _note(folder: LabFolder, fault: str, host: str) -> Path:
    return folder.broken / f"{fault}@{host}.json"


def _run(record: LabRecord, layout: Layout, folder: LabFolder, fault: Fault, host: LabHost, what: str) -> Said:
    words = script_command(record, layout, host, fault.script, what)
    text, seconds = fault.script.read_text(encoding="utf-8"), float(fault.file.seconds)
    said = None
    if fault.file.way is Way.SSH:
        said = over_ssh(folder, host, words, stdin=text, timeout=seconds)
    if said is None or (what == MEND and said.code == NO_CONNECTION):
        said = inside(wait_for_leader(folder.host(host.name)), words, stdin=text, timeout=seconds)
    if not said.ok:
        raise LabFailed(f"{fault.name} {what} on {host.name} failed ({said.code}): {last_words(said.err or said.out)}")
    return said
