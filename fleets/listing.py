"""The JSON that `ansible-inventory --list` prints, as hosts with their groups and raw variables. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.errors import BadInput
from core.model import HostName

_HOST_NAME = TypeAdapter(HostName)


@dataclass(frozen=True)
class ListedHost:
    """A host as Ansible lists it. `variables` hold Jinja as text, and vaulted values as `{"__ansible_vault": …}`."""

    name: str
    groups: tuple[str, ...]
    variables: dict[str, Any]


def read_listing(text: str, folder: Path) -> tuple[ListedHost, ...]:
    """Read *text*, the listing of the fleet in *folder*; hosts come in inventory order.

    Raises BadInput if there is no host, or one whose name can't be used safely on Ansible's command line.
    """
    data: dict[str, Any] = json.loads(text)
    variables: dict[str, dict[str, Any]] = data.pop("_meta", {}).get("hostvars", {})
    groups = {"all", "ungrouped", *data}
    memberships: dict[str, set[str]] = {}
    _walk("all", (), data, memberships)
    for group in data:
        if not any(group in entry.get("children", ()) for entry in data.values()):
            _walk(group, (), data, memberships)
    if not memberships:
        raise BadInput("the inventory resolves to no host; see `ansible-inventory --graph`", file=folder)
    for name in memberships:
        try:
            _HOST_NAME.validate_python(name)
        except ValidationError:
            problem = f"the host name {name!r} could be read as a pattern; use letters, digits, '.', '-' and '_'"
            raise BadInput(problem, file=folder) from None
        if name in groups:
            raise BadInput(f"{name!r} is the name of a host and of a group; rename one of them", file=folder)
    return tuple(
        ListedHost(name, tuple(sorted(member_of)), variables.get(name, {})) for name, member_of in memberships.items()
    )


def _walk(group: str, above: tuple[str, ...], data: dict[str, Any], memberships: dict[str, set[str]]) -> None:
    if group in above:
        return
    path = (*above, group)
    entry = data.get(group, {})
    for host in entry.get("hosts", ()):
        memberships.setdefault(host, set()).update(path)
    for child in entry.get("children", ()):
        _walk(child, path, data, memberships)
