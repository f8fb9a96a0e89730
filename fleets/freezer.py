"""Freezing: everything on the controller that Ansible would read for a plan, gathered at one moment and hashed.

The plan's hash covers the digests, and the run gets the very bytes that they speak of. What is too large to be copied
(the folders of plugins and collections) is hashed where it lies.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.ansible_environment import AnsibleEnvironment
from core.digests import digest_of
from core.errors import Refused, Retryable
from core.file_signatures import files_below, walk
from core.fleets import Fleet
from core.frozen import Frozen
from core.host_keys import ARGUMENTS, with_checked_keys
from fleets.ansible_config import AnsibleConfig
from fleets.files import LARGEST
from fleets.frozen_inventory import Mentions, freeze_inventory
from fleets.ssh_config import ssh_config_files

INVENTORY = "fleetmend-inventory.json"
"""The frozen inventory, in the folder that is `inventory_dir` to a run, beside the files of the fleet."""
_RESERVED = ("group_vars", "host_vars")
_WHERE_FILES_LIE = frozenset({"inventory_dir", "inventory_file"})
"""Ansible sets these from where the inventory lies; one in the inventory itself would point elsewhere."""
_PROGRAMS = ("ansible_ssh_executable", "ansible_scp_executable", "ansible_sftp_executable")
"""Variables of a host that name a program of the controller."""
_LASTING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.ELOOP})
_READ = ("ANSIBLE_", "PYTHON")
"""Beginnings of the names of environment variables that change what Ansible does."""
_PRIVATE = frozenset({"ANSIBLE_CONFIG", "ANSIBLE_LOCAL_TEMP", "ANSIBLE_HOME"})
"""Where things lie on this machine. What lies there is hashed."""


@dataclass(frozen=True, kw_only=True)
class Use:
    """What one step uses: hosts, and what its remedy reads of their variables and of the fleet's folder.

    `copies` maps an inventory variable to the key of its entries that names a file (see `Remedy.copies`); `entries`
    says of such a variable which entries are meant, where that is known.
    """

    hosts: tuple[str, ...]
    reads: tuple[str, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, frozenset[str]] = field(default_factory=dict)
    root: str | None = None
    """The variable that says where such files lie: that is the run's own matter, and no inventory's."""
    mentions: Mentions = field(default_factory=lambda: Mentions(frozenset()))


class Freezer:
    """Freezes what Ansible would read. Safe to use from several threads."""

    def __init__(self, environment: AnsibleEnvironment) -> None:
        self._environment = environment
        self._digests: dict[str, tuple[frozenset[tuple[str, int, int, int]], str]] = {}

    def freeze(self, fleet: Fleet, uses: Sequence[Use]) -> Frozen:
        """Freeze what the steps *uses* of a plan would read in *fleet*. Raises Refused for what can't be bound."""
        environment = self._environment.for_fleet(fleet.folder)
        config = AnsibleConfig(environment)
        hosts = tuple(dict.fromkeys(host for use in uses for host in use.hosts))
        reads = {variable for use in uses for variable in use.reads}
        mentions = Mentions(frozenset(reads))
        for use in uses:
            mentions |= use.mentions
        withheld = _WHERE_FILES_LIE | {use.root for use in uses if use.root is not None}

        def checked(host: str, given: dict[str, Any]) -> dict[str, Any]:
            left = {name: value for name, value in given.items() if name not in withheld}
            return self._checked(host, left, environment)

        inventory = freeze_inventory(fleet, hosts, fleet.beside(hosts, reads), mentions, checked)
        files = _files(fleet, uses)
        parts = dict(inventory.parts) | {f"file {name}": _digest(content) for name, content in files.items()}
        frozen_config = config.frozen()
        parts["ansible.cfg"] = _digest(config.text)  # of the copy, paths differ between machines
        parts |= self._settings(fleet, config, environment, hosts)
        return Frozen(
            parts=parts,
            files={
                INVENTORY: inventory.content,
                **{name: content for name, content in files.items() if content is not None},
            },
            config=frozen_config,
            environment=environment,
        )

    def freeze_connections(self, fleet: Fleet, hosts: Iterable[str]) -> tuple[Frozen, dict[str, str]]:
        """Freeze no more than it takes to reach *hosts*: for reading, which nobody approves.

        A host whose connection can't be used safely is left out; why is returned beside it, by host.
        """
        environment = self._environment.for_fleet(fleet.folder)
        problems: dict[str, str] = {}

        def checked(host: str, given: dict[str, Any]) -> dict[str, Any]:
            try:
                return self._checked(host, given, environment)
            except Refused as refused:
                problems[host] = str(refused)
                return {}

        content = freeze_inventory(fleet, hosts, (), Mentions(frozenset()), checked).content
        config = AnsibleConfig(environment).frozen()
        return Frozen(parts={}, files={INVENTORY: content}, config=config, environment=environment), problems

    def _checked(self, host: str, given: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
        defaults = (
            environment["ANSIBLE_SSH_ARGS"],
            environment["ANSIBLE_SSH_COMMON_ARGS"],
            environment["ANSIBLE_SSH_EXTRA_ARGS"],
        )
        return with_checked_keys(host, given, defaults, self._environment.ssh_host_keys)

    def _settings(
        self, fleet: Fleet, config: AnsibleConfig, environment: Mapping[str, str], hosts: Iterable[str]
    ) -> dict[str, str]:
        """What else of this machine decides how Ansible runs: settings, plugins, ssh's configuration, programs."""
        ours = {name: value for name, value in environment.items() if name.startswith(_READ) and name not in _PRIVATE}
        variables = [host.variables for name in hosts if (host := fleet.host(name)) is not None]
        arguments = {str(found[name]) for found in variables for name in ARGUMENTS if name in found}
        arguments |= {text for name, text in environment.items() if name.startswith("ANSIBLE_SSH_") and "ARGS" in name}
        ssh = ssh_config_files(Path(environment.get("HOME", "/nonexistent")), sorted(arguments))
        parts = {
            "environment": digest_of(ours),
            "plugins": digest_of({name: self._tree(folder) for name, folder in config.plugin_folders()}),
            "ssh configuration": digest_of([_digest(_read(file)) for file in ssh]),
        }
        named = {str(found[name]) for found in variables for name in _PROGRAMS if found.get(name)}
        programs = {*map(Path, named), *config.programs()}
        if programs:
            parts["programs"] = digest_of({str(path): _digest(_read(path)) for path in programs if path.is_absolute()})
        return parts

    def _tree(self, folder: Path) -> str:
        """The digest over the files below *folder*, read again only where their signature differs."""
        signature = frozenset((path, s.st_mtime_ns, s.st_ctime_ns, s.st_size) for path, s in walk(folder))
        known = self._digests.get(str(folder))
        if known is None or known[0] != signature:
            content = {str(path.relative_to(folder)): _digest(_read(path)) for path in files_below(folder)}
            known = self._digests[str(folder)] = (signature, digest_of(content))
        return known[1]


def _files(fleet: Fleet, uses: Iterable[Use]) -> dict[str, bytes | None]:
    """The files of the fleet's folder that entries of the steps' hosts name; None for one that can't be read."""
    found: dict[str, bytes | None] = {}
    for use in uses:
        for variable, key in use.copies.items():
            for host in filter(None, map(fleet.host, use.hosts)):
                for entry_name, entry in host.entries_in(variable).items():
                    name = entry.get(key)
                    meant = entry_name in use.entries.get(variable, (entry_name,))
                    if meant and isinstance(name, str) and name and name not in found:
                        found[name] = _file(fleet.folder, name)
    return found


def _file(folder: Path, name: str) -> bytes | None:
    parts = Path(name).parts
    if name.startswith("/") or ".." in parts or parts[0] in (*_RESERVED, INVENTORY):
        raise Refused(f"{name} can't be taken from the fleet's folder: name a file in it, other than group_vars/")
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise Refused(f"{name} leads out of the fleet's folder; put the file itself there")
    content = _read(path)
    if content is not None and len(content) > LARGEST:
        raise Refused(f"{name} is larger than 64 MiB, which is too much to keep for a run; make it smaller")
    return content


def _read(path: Path) -> bytes | None:
    """The content of *path*, or None if there is none to be had. Raises Retryable for a fault that passes."""
    try:
        return path.read_bytes()
    except OSError as error:
        if error.errno in _LASTING:
            return None
        raise Retryable(f"{path} can't be read now ({error.strerror}); it is tried again") from None


def _digest(content: bytes | None) -> str:
    """SHA-256, or a word for what is not there: that it comes is a change, too."""
    return "missing" if content is None else hashlib.sha256(content).hexdigest()
