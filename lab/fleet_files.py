"""The lab's own content folder: one fleet, written as a person would, so that fleetmend is driven as it is anywhere.

What is watched stands in `lab/fleet/`: `fleet.yml`, `copies.yml`, and one file a concern in `group_vars/<group>/`.
Entries of `group_vars/all/` hold for every host; a mapping or list that several files give is put together.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from core.errors import BadInput
from core.yaml_files import YamlFile
from lab.folders import LabFolder
from lab.layout import EVERY, HERE, Layout
from lab.record import ACCOUNT, DOMAIN, LabRecord

FLEET = "lab"
"""What the fleet is called, whatever the lab's name is."""
SOURCE = HERE / "fleet"
_HEAD = "# Written by `fleetmend lab up`.\n---\n"


def write_fleet(record: LabRecord, layout: Layout, folder: LabFolder, source: Path = SOURCE) -> None:
    """Write the content folder anew, with copies of the fresh hosts' files. Raises BadInput: file, line, key."""
    fleet = folder.content / "inventory" / FLEET
    variables = {group: merged(source / "group_vars", (EVERY, group)) for group in layout.groups}
    copies = read_copies(source / "copies.yml", layout)
    shutil.rmtree(folder.content, ignore_errors=True)
    (fleet / "group_vars").mkdir(parents=True)
    folder.control.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(fleet / "hosts.yml", hosts_file(record, layout))
    _write(fleet / "group_vars" / "all.yml", connection(record, folder))
    for group, values in variables.items():
        _write(fleet / "group_vars" / f"{group}.yml", values)
    (fleet / "fleet.yml").write_text(fleet_file(source / "fleet.yml", record), encoding="utf-8")
    for host in record.hosts:
        for path in (*copies.get(EVERY, ()), *copies.get(host.group, ())):
            copy_from_host(folder.host(host.name).root, path, fleet / "files" / host.name)


def fleet_file(path: Path, record: LabRecord) -> str:
    """`fleet.yml` as it is, but without sweeps and schedules of groups that have no host in this lab."""
    file = YamlFile.read(path)
    there = {EVERY, *(host.name for host in record.hosts), *(host.group for host in record.hosts)}
    data = dict(file.data or {})
    sweeps = [kept for sweep in data.get("sweeps", ()) if (kept := _on(sweep, there))]
    schedules = {name: kept for name, one in data.get("schedules", {}).items() if (kept := _on(one, there))}
    if sweeps == data.get("sweeps", []) and schedules == data.get("schedules", {}):
        return path.read_text(encoding="utf-8")
    changed = {**data, "sweeps": sweeps, "schedules": schedules}
    return _HEAD + yaml.safe_dump(changed, sort_keys=False, allow_unicode=True, width=120)


def _on(entry: dict[str, Any], there: set[str]) -> dict[str, Any] | None:
    """*entry* for the hosts and groups that are *there*; None if it is about none of them."""
    if not entry.get("hosts"):
        return entry
    hosts = [name for name in entry["hosts"] if name in there]
    return entry | {"hosts": hosts} if hosts else None


def hosts_file(record: LabRecord, layout: Layout) -> dict[str, Any]:
    """`hosts.yml`: every group, also one without a host, and where each host is."""
    children = {
        group: {"hosts": {host.name: {"ansible_host": host.address} for host in record.in_group(group)}}
        for group in layout.groups
    }
    return {EVERY: {"children": children}}


def connection(record: LabRecord, folder: LabFolder) -> dict[str, Any]:
    """How Ansible comes in, and what the variables of the concerns may refer to."""
    options = {"UserKnownHostsFile": folder.known_hosts, "ServerAliveInterval": 5, "ServerAliveCountMax": 3}
    return {
        "ansible_user": ACCOUNT,
        "ansible_become": True,
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_private_key_file": str(folder.key),
        "ansible_ssh_extra_args": " ".join(f"-o {name}={value}" for name, value in options.items()),
        "ansible_control_path_dir": str(folder.control),
        "lab_name": record.name,
        "lab_domain": DOMAIN,
        "lab_network": str(record.network),
        "lab_controller": record.controller,
        "lab_nameserver": record.nameserver.address,
        "lab_addresses": {host.name: host.address for host in record.hosts},
    }


def merged(folder: Path, groups: Iterable[str]) -> dict[str, Any]:
    """The variables in *folder*/<group>/*.yml of all *groups*, put together. Raises BadInput where two files clash."""
    result: dict[str, Any] = {}
    for group in groups:
        for path in sorted((folder / group).glob("*.yml")):
            file = YamlFile.read(path)
            if not isinstance(file.data, dict):
                raise file.error("a mapping of variables is expected here")
            for name, value in file.data.items():
                result[name] = _joined(file, name, result[name], value) if name in result else value
    return result


def read_copies(path: Path, layout: Layout) -> dict[str, tuple[str, ...]]:
    """`copies.yml`: paths by group. Raises BadInput: file, line, key."""
    file = YamlFile.read(path)
    known = {EVERY, *layout.groups}
    found = {}
    for group, paths in (file.data or {}).items():
        if group not in known:
            raise file.error(f"unknown group; allowed here: {', '.join(sorted(known))}", group)
        if not isinstance(paths, list) or not all(isinstance(one, str) and one.startswith("/") for one in paths):
            raise file.error("a list of absolute paths is expected here", group)
        found[group] = tuple(paths)
    return found


def copy_from_host(root: Path, path: str, files: Path) -> None:
    """Copy one file of a host's tree to *files*/<path>. Raises BadInput if the fresh host has none."""
    source = root / path.removeprefix("/")
    target = files / path.removeprefix("/")
    if source.is_symlink() or not source.is_file():
        raise BadInput(f"a fresh host has no file {path}", file=SOURCE / "copies.yml")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def _joined(file: YamlFile, name: str, before: Any, value: Any) -> Any:
    if isinstance(before, dict) and isinstance(value, dict):
        for key in value:
            if key in before:
                raise file.error("another file has this entry already", name, key)
        return before | value
    if isinstance(before, list) and isinstance(value, list):
        return [*before, *value]
    raise file.error("another file has this variable already", name)


def _write(path: Path, data: Mapping[str, Any]) -> None:
    text = yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, width=120)
    path.write_text(_HEAD + text, encoding="utf-8")
