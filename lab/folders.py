"""Where a lab lies: base trees that labs share, and one folder for each lab, under `FLEETMEND_LAB`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class HostFolder:
    """One host's part of the lab's folder."""

    path: Path

    @property
    def root(self) -> Path:
        """Where the host's file system is mounted."""
        return self.path / "root"

    @property
    def image(self) -> Path:
        """The host's disk, as a file."""
        return self.path / "disk.img"

    @property
    def disk(self) -> Path:
        """Where that disk is mounted."""
        return self.path / "disk"

    @property
    def upper(self) -> Path:
        """What differs from the base tree."""
        return self.disk / "upper"

    @property
    def work(self) -> Path:
        return self.disk / "work"

    @property
    def console(self) -> Path:
        """What the host printed while it booted, for people."""
        return self.path / "console.log"

    @property
    def nspawn_pid(self) -> Path:
        return self.path / "nspawn.pid"


@dataclass(frozen=True)
class LabFolder:
    """One lab's folder."""

    path: Path

    @property
    def record(self) -> Path:
        """What was planned, written before anything is made."""
        return self.path / "lab.json"

    @property
    def hosts(self) -> Path:
        return self.path / "hosts"

    def host(self, name: str) -> HostFolder:
        return HostFolder(self.hosts / name)

    @property
    def shared(self) -> Path:
        """What the services of several hosts need while they are set up: keys and the local CA."""
        return self.path / "shared"

    @property
    def key(self) -> Path:
        """The SSH key of the account `ansible`."""
        return self.path / "ssh" / "key"

    def host_key(self, host: str) -> Path:
        """The SSH key that a host proves itself with."""
        return self.shared / "host-keys" / host

    @property
    def known_hosts(self) -> Path:
        return self.path / "ssh" / "known_hosts"

    @property
    def control(self) -> Path:
        """Where Ansible keeps the sockets of its SSH connections."""
        return self.path / "ssh" / "control"

    @property
    def content(self) -> Path:
        """The content folder that fleetmend is pointed at."""
        return self.path / "content"

    @property
    def state(self) -> Path:
        """A state folder for a fleetmend that watches this lab."""
        return self.path / "state"

    @property
    def broken(self) -> Path:
        """One file for each fault that was put on a host and not mended yet."""
        return self.path / "broken"


@dataclass(frozen=True)
class LabsFolder:
    """`FLEETMEND_LAB`."""

    path: Path

    @property
    def bases(self) -> Path:
        return self.path / "base"

    @property
    def labs(self) -> Path:
        return self.path / "labs"

    def lab(self, name: str) -> LabFolder:
        return LabFolder(self.labs / name)

    def lock(self, name: str) -> Path:
        """Held by whoever brings the lab *name* up or down; outside its folder, which `down` removes."""
        return self.path / f"lab-{name}.lock"

    @property
    def base_lock(self) -> Path:
        """Held by whoever builds a base tree."""
        return self.path / "base.lock"

    @property
    def network_lock(self) -> Path:
        """Held by whoever chooses a network, until others can see that it is taken."""
        return self.path / "network.lock"

    def names(self) -> tuple[str, ...]:
        """The labs that there are, or are left over."""
        return tuple(sorted(path.name for path in self.labs.glob("*") if path.is_dir()))
