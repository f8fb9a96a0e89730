"""One lab as an object: what `fleetmend lab` and the proofs work with.

lab = Lab.open(settings.lab, "lab")          # one that is up; raises NotFound
lab.ssh("web1", ["systemctl", "is-active", "web@1"]).out
lab.break_("service_killed", "web1"); lab.mend("service_killed", "web1")
lab.power_cut("web1"); lab.power_on("web1")
lab.content, lab.state                       # for FLEETMEND_CONTENT and FLEETMEND_STATE
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.errors import NotFound
from lab.breaking import Broken, break_host, broken_in, mend_host
from lab.faults import Fault, find_fault
from lab.folders import HostFolder, LabFolder, LabsFolder
from lab.layout import Layout, read_layout
from lab.machines import power_cut, power_on, wait_for_leader
from lab.mounts import mount_host
from lab.record import LabHost, LabRecord, read_record
from lab.ssh import Said, inside, over_ssh
from lab.wires import plug


class Lab:
    """A lab that is up, or was. All methods that name a host raise BadInput if there is none of that name."""

    def __init__(self, labs: LabsFolder, record: LabRecord, layout: Layout) -> None:
        self.labs, self.record, self.layout = labs, record, layout
        self.folder: LabFolder = labs.lab(record.name)

    @classmethod
    def open(cls, labs: Path, name: str = "lab") -> Lab:
        """The lab *name* under *labs* (the setting FLEETMEND_LAB). Raises NotFound if it was never brought up."""
        where = LabsFolder(labs.resolve())
        record = read_record(where.lab(name).record)
        if record is None:
            raise NotFound(f"there is no lab {name!r}; `fleetmend lab up --name {name}` makes one")
        return cls(where, record, read_layout())

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def hosts(self) -> tuple[LabHost, ...]:
        """The hosts: `name`, `group`, `address`, `services`."""
        return self.record.hosts

    @property
    def content(self) -> Path:
        """The content folder with the lab's fleet, called `lab`."""
        return self.folder.content

    @property
    def state(self) -> Path:
        """A state folder for a fleetmend that watches this lab; removed with the lab."""
        return self.folder.state

    @property
    def controller(self) -> str:
        """The address from which Ansible, and this process, reach the hosts."""
        return self.record.controller

    def host(self, name: str) -> LabHost:
        return self.record.host(name)

    def ssh(
        self, host: str, command: Sequence[str], *, sudo: bool = True, stdin: str | None = None, timeout: float = 60
    ) -> Said:
        """Run *command* on *host* over a plain SSH connection of its own: `code`, `out`, `err`; 255 if SSH failed."""
        return over_ssh(self.folder, self.host(host), command, sudo=sudo, stdin=stdin, timeout=timeout)

    def inside(self, host: str, command: Sequence[str], *, stdin: str | None = None, timeout: float = 60) -> Said:
        """The same from within the host's namespaces, as root: it needs no network, no sshd and no account."""
        leader = wait_for_leader(self._host_folder(host))
        return inside(leader, command, stdin=stdin, timeout=timeout)

    def break_(self, fault: str, host: str) -> Said:
        """Put a fault on a host. Raises BadInput if it does not fit there, LabFailed if its script fails."""
        return break_host(self.record, self.layout, self.folder, find_fault(fault), self.host(host))

    def mend(self, fault: str, host: str) -> Said:
        """Take a fault off a host, also one that was healed meanwhile. Raises LabFailed if its script fails."""
        return mend_host(self.record, self.layout, self.folder, find_fault(fault), self.host(host))

    def broken(self) -> list[Broken]:
        """The faults that were put on and not taken off: `fault`, `host`, `since`."""
        return broken_in(self.folder)

    def fault(self, name: str) -> Fault:
        """One fault: its `file` has title, symptom, subject, groups, hosts. Raises BadInput."""
        return find_fault(name)

    def power_on(self, host: str) -> None:
        """Start a host that was switched off or killed, with what it had on its disk."""
        folder = self._host_folder(host)
        mount_host(self.labs.bases / self.record.base, folder)
        plug(self.record, self.host(host), up=True)
        power_on(self.record, self.host(host), folder)

    def power_cut(self, host: str) -> None:
        """End a host at once, as if its plug was pulled; what it wrote stays on its disk, and nothing answers."""
        plug(self.record, self.host(host), up=False)
        power_cut(self.name, self.host(host).name, self._host_folder(host))

    def _host_folder(self, host: str) -> HostFolder:
        return self.folder.host(self.host(host).name)
