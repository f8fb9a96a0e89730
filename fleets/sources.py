"""What `ansible-inventory` and `ansible-playbook` get as `-i` for a fleet: the runner passes what the resolver does."""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import BadInput
from core.fleets import FleetFile

FLEET_FILE = "fleet.yml"
_NOT_INVENTORY = frozenset({FLEET_FILE, "sources.yml", "files", "templates", "group_vars", "host_vars", "vars_plugins"})
_IGNORED = re.compile(
    r"^\.|^__pycache__$|^README|^LICENSE|(\.py[co]|\.swp|\.bak|~|\.rpm|\.md|\.txt|\.rst|\.orig|\.cfg|\.retry)$"
)
"""What Ansible skips in an inventory folder, and what a repository has lying beside."""


def inventory_sources(folder: Path, file: FleetFile) -> tuple[Path, ...]:
    """Return the inventory sources of the fleet in *folder*, absolute, in the order in which Ansible reads them.

    By default these are the entries that Ansible would read in that folder, less fleetmend's own: passed as a folder,
    `fleet.yml` itself would be taken for an inventory, and `policy` and `budget` for groups. `group_vars/` and
    `host_vars/` beside a source count as ever. Raises BadInput for a source that is not there.
    """
    folder = folder.absolute()
    sources: list[Path] = []
    for given in file.inventory or (".",):
        source = folder / given
        if source == folder:
            names = sorted(entry.name for entry in folder.iterdir())
            sources += [folder / name for name in names if name not in _NOT_INVENTORY and not _IGNORED.search(name)]
        elif not source.exists():
            raise BadInput(f"there is no {given!r} in the fleet's folder", file=folder / FLEET_FILE, key="inventory")
        else:
            sources.append(source)
    for source in sources:
        if "," in str(source):
            raise BadInput("Ansible reads a path with a comma as a list of hosts; rename it", file=source)
    return tuple(sources)
