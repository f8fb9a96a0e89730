"""What a lab is: its hosts, their addresses, and the names that the kernel knows them by. Written before it is made."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints, ValidationError

from core.errors import BadInput
from core.model import Model
from lab.layout import HostPlan
from lab.networks import MOST_HOSTS, Network, addresses, controller

LabName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,6}$")]
"""Short, because it is a part of interfaces' names, which the kernel cuts off at 15 characters."""
DOMAIN = "lab.internal"
ACCOUNT = "ansible"
"""The account that Ansible logs in as, on every host."""


class LabHost(HostPlan):
    """One host with its address."""

    address: str


class LabRecord(Model):
    """`lab.json`."""

    name: LabName
    base: str
    """The key of the base tree."""
    network: ipaddress.IPv4Network
    hosts: tuple[LabHost, ...]

    @property
    def controller(self) -> str:
        """The address of this machine in the lab's network."""
        return controller(self.network)

    @property
    def bridge(self) -> str:
        return bridge_of(self.name)

    @property
    def nameserver(self) -> LabHost:
        """The host that answers DNS: a load balancer if there is one."""
        return next((host for host in self.hosts if host.group == "lb"), self.hosts[0])

    def host(self, name: str) -> LabHost:
        """The host *name*. Raises BadInput, naming those that there are."""
        for host in self.hosts:
            if host.name == name:
                return host
        there = ", ".join(host.name for host in self.hosts)
        raise BadInput(f"the lab {self.name!r} has no host {name!r}; it has {there}")

    def namespace(self, host: LabHost) -> str:
        """The network namespace of *host*; also the name that systemd-nspawn knows it by."""
        return namespace_of(self.name, host.name)

    def cable(self, host: LabHost) -> str:
        """The bridge's end of the wire to *host*."""
        return f"{self.bridge}-{self.hosts.index(host)}"

    def in_group(self, group: str) -> tuple[LabHost, ...]:
        return tuple(host for host in self.hosts if host.group == group)


def bridge_of(lab: str) -> str:
    """The bridge of the lab *lab*."""
    return f"fm-{lab}"


def namespace_of(lab: str, host: str) -> str:
    """The network namespace of a host."""
    return f"fm-{lab}-{host}"


def plan_lab(name: str, base: str, network: Network, hosts: Sequence[HostPlan]) -> LabRecord:
    """Give each of *hosts* its address. Raises BadInput for a name that won't do, or too many hosts."""
    if len(hosts) > MOST_HOSTS:
        raise BadInput(f"{len(hosts)} hosts are too many; a lab has {MOST_HOSTS} at most", key="--hosts")
    planned = tuple(
        LabHost(**host.model_dump(), address=address) for host, address in zip(hosts, addresses(network), strict=False)
    )
    try:
        return LabRecord(name=name, base=base, network=network, hosts=planned)
    except ValidationError as error:
        if error.errors()[0]["loc"] == ("name",):
            raise BadInput("a lab's name is a letter and up to six more letters or digits", key="--name") from None
        raise


def write_record(path: Path, record: LabRecord) -> None:
    """Write *record*, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    aside.replace(path)


def read_record(path: Path) -> LabRecord | None:
    """The lab that *path* tells of; None if there is none, or only the beginning of one."""
    try:
        return LabRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValidationError):
        return None
