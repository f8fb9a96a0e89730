"""Faults: what can be broken on a host. Each is a file of data, read strictly, and a script that breaks it for real."""

from __future__ import annotations

import difflib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from core.errors import BadInput
from core.model import Model, Name, Subject
from core.yaml_files import YamlFile
from lab.layout import EVERY, HERE
from lab.record import LabHost

FAULTS = HERE / "faults"
BREAK, MEND = "break", "mend"
Title = Annotated[str, StringConstraints(min_length=3, max_length=120)]


class Way(StrEnum):
    """How the script gets onto the host."""

    SSH = "ssh"
    NAMESPACE = "namespace"


class FaultFile(Model):
    """`lab/faults/<fault>.yml`."""

    title: Title
    description: str = ""
    symptom: Name
    """What fleetmend should detect."""
    subject: Subject = ""
    """Of what, if it is always the same."""
    groups: tuple[Name, ...] = (EVERY,)
    """The groups whose hosts it fits."""
    hosts: tuple[str, ...] = ()
    """In place of `groups`: single hosts."""
    way: Way = Way.SSH
    """`namespace` for what can't be done, or undone, over SSH. `mend` takes it by itself where SSH is closed."""
    seconds: int = Field(default=60, ge=1, le=600)
    """How long the script may take."""


class Fault(Model):
    """One fault that can be put on a host."""

    name: Name
    file: FaultFile
    script: Path

    def fits(self, host: LabHost) -> bool:
        """May it be put on *host*?"""
        if self.file.hosts:
            return host.name in self.file.hosts
        return bool({EVERY, host.group} & set(self.file.groups))


def read_faults(folder: Path = FAULTS) -> dict[str, Fault]:
    """All faults by name, sorted. Raises BadInput: file, line, key; also for a script or a file without the other."""
    cards, scripts = {path.stem for path in folder.glob("*.yml")}, {path.stem for path in folder.glob("*.sh")}
    for name in sorted(cards ^ scripts):
        there, missing = (".yml", ".sh") if name in cards else (".sh", ".yml")
        raise BadInput(f"there is no {name}{missing} beside it", file=folder / f"{name}{there}")
    return {name: _read(folder, name) for name in sorted(cards)}


def find_fault(name: str, folder: Path = FAULTS) -> Fault:
    """The fault *name*. Raises BadInput, naming one that is like it."""
    faults = read_faults(folder)
    if name not in faults:
        close = difflib.get_close_matches(name, faults, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "`fleetmend lab faults` lists them"
        raise BadInput(f"no fault {name!r}; {hint}")
    return faults[name]


def _read(folder: Path, name: str) -> Fault:
    file = YamlFile.read(folder / f"{name}.yml")
    try:
        return Fault(name=name, file=file.as_model(FaultFile), script=folder / f"{name}.sh")
    except ValidationError:
        raise BadInput("a fault's name has lower-case letters, digits and _", file=file.path) from None
