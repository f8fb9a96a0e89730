"""One call of ansible-playbook, spelt out: what runs, on which hosts, with which environment."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.ansible_environment import AnsibleEnvironment, content_paths
from core.errors import Refused
from core.fleets import Fleet
from core.frozen import Frozen
from core.settings import Settings
from fleets.freezer import INVENTORY
from runner.private_folder import FLEET
from runner.values import write_variables

EXTRA_VARS = Path("env", "extravars")
"""Where ansible-runner looks for extra vars, in a private folder."""
LIMIT = Path("env", "hosts")
"""The hosts of a job, one a line: on a command line, a few thousand of them would not fit."""
CONFIG = "ansible.cfg"
_EVENT_BYTES = 8_000_000
"""From this size on, ansible-runner drops a result without a word; its own limit is below what a probe may answer."""
_GROUPS_OF_ANSIBLE = frozenset({"all", "ungrouped"})


@dataclass(frozen=True, kw_only=True)
class Job:
    """What `runner.launch` starts. `folder` is the private folder; `timeout` is in seconds."""

    run_id: str
    folder: Path
    playbook: Path
    inventory: Path
    hosts: tuple[str, ...]
    forks: int
    timeout: float
    environment: Mapping[str, str] = field(repr=False)
    check: bool = False

    def __post_init__(self) -> None:
        if not self.hosts:
            raise Refused("no host was given, and to Ansible an empty list means all of them; name the hosts")

    @property
    def project(self) -> Path:
        """Where the copy of the remedy lies, and where Ansible works."""
        return project_of(self.folder)


def project_of(folder: Path) -> Path:
    """The part of a private folder that holds what is run."""
    return folder / "project"


def prepare_job(
    settings: Settings,
    frozen: Frozen,
    *,
    run_id: str,
    folder: Path,
    playbook: Path,
    hosts: tuple[str, ...],
    variables: Mapping[str, object],
    timeout: float,
    check: bool = False,
    more_environment: Mapping[str, str] | None = None,
) -> Job:
    """Write what is *frozen*, variables and hosts into *folder*; return the job.

    Raises Refused for an empty list of hosts.
    """
    inventory = _write_frozen(frozen, folder)
    write_variables(folder / EXTRA_VARS, variables)
    (folder / LIMIT).write_text("\n".join(hosts), encoding="utf-8")
    return Job(
        run_id=run_id,
        folder=folder,
        playbook=playbook,
        inventory=inventory,
        hosts=hosts,
        forks=min(settings.forks, len(hosts)),
        timeout=timeout,
        environment={**frozen.environment, **_in_private(folder), **(more_environment or {})},
        check=check,
    )


def _write_frozen(frozen: Frozen, folder: Path) -> Path:
    """Write the frozen files and settings; return the inventory. Its folder is `inventory_dir` to a run."""
    root = folder / FLEET
    for name, content in frozen.files.items():
        path = root / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
    (folder / CONFIG).touch(mode=0o600)
    (folder / CONFIG).write_bytes(frozen.config)
    return root / INVENTORY


def refuse_hosts(fleet: Fleet, hosts: tuple[str, ...]) -> None:
    """Raise Refused unless each of *hosts* is one host of *fleet*, and nothing else to Ansible (law 3)."""
    groups = _GROUPS_OF_ANSIBLE.union(*(host.groups for host in fleet.hosts))
    for name in hosts:
        if fleet.host(name) is None:
            raise Refused(f"{name} is no host of fleet {fleet.name}; see `fleetmend fleets`")
        if name in groups:
            raise Refused(f"{name} is a host and a group of fleet {fleet.name}, so Ansible would take both; rename one")


def default_environment(settings: Settings) -> AnsibleEnvironment:
    """Ansible's environment out of this process's own, with the Ansible that is installed beside this Python."""
    return AnsibleEnvironment(
        environ=os.environ,
        content=settings.content,
        state=settings.state.absolute(),
        python_bin=Path(sys.executable).parent,
        pass_variables=settings.pass_environment,
        ssh_host_keys=settings.ssh_host_keys,
    )


def whole_seconds(seconds: float) -> int:
    """Ansible counts in whole seconds: round up, so that nothing gets less than it was promised."""
    return max(1, math.ceil(seconds))


def _in_private(folder: Path) -> dict[str, str]:
    """Keep what Ansible writes on this machine in the private folder, and its display as `runner.events` reads it."""
    return {
        "ANSIBLE_CONFIG": str(folder / CONFIG),
        **content_paths(project_of(folder)),
        # The inventory is one file of ours: nothing else is asked, and nothing beside it is read.
        "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        "ANSIBLE_VARS_ENABLED": "ansible.builtin.host_group_vars",
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        "MAX_EVENT_RES": str(_EVENT_BYTES),
    }
