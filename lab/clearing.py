"""Taking a lab away: every process, mount, namespace, wire and file of it, whatever became of whoever made it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from core.errors import Conflict
from lab.base_tree import clear_unfinished
from lab.cgroups import groups_of, members
from lab.folders import LabsFolder
from lab.locks import held
from lab.machines import end_lab, keepers
from lab.mounts import mounted_below, unmount_below
from lab.programs import LabFailed, check_machine
from lab.ssh import end_connections
from lab.wires import clear_network, links, namespaces


def take_down(labs: Path, name: str, *, say: Callable[[str], None] = lambda line: None) -> bool:
    """Take the lab *name* down. True if there was anything of it. Raises LabFailed if something can't be removed."""
    check_machine()
    where = LabsFolder(labs.resolve())
    with held(where.lock(name), busy=lambda: _refuse(name)):
        # Whatever bears the lab's name is ours only if the lab is: its record is the first to come and the last to go.
        there = where.lab(name).path.exists()
        if there:
            clear_lab(where, name)
        with held(where.base_lock, busy=lambda: say("waiting for a lab that builds the base tree …")):
            clear_unfinished(where.bases)
    return there


def clear_lab(where: LabsFolder, name: str) -> None:
    """Remove everything that bears the lab's name. Raises LabFailed, naming what would not go."""
    folder = where.lab(name)
    end_connections(folder)
    end_lab(name, folder)
    still = unmount_below(folder.path)
    clear_network(name)
    if still:
        raise LabFailed(f"{still[0]} can't be unmounted; nothing below {folder.path} was removed")
    if folder.path.exists():
        shutil.rmtree(folder.path)
    left = left_of(where, name)
    if left:
        raise LabFailed(f"of the lab {name!r} there is still {left[0]}")


def left_of(where: LabsFolder, name: str) -> list[str]:
    """What there is of a lab outside its folder: processes, mounts, namespaces, links."""
    folder = where.lab(name)
    processes = {pid for group in groups_of(name) for pid in members(group)} | set(keepers(folder.path))
    return [
        *(f"the process {pid}" for pid in sorted(processes)),
        *(f"the mount {place}" for place in mounted_below(folder.path)),
        *(f"the namespace {namespace}" for namespace in namespaces(name)),
        *(f"the link {link}" for link in links(name)),
    ]


def _refuse(name: str) -> None:
    raise Conflict(f"another command is at work on the lab {name!r}; wait for it")
