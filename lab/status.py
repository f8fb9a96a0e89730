"""How the hosts of a lab are: is it on, what does its systemd say, does sshd answer, and which faults are on it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from lab.lab import Lab
from lab.machines import is_running, keepers, leader
from lab.record import LabHost
from lab.ssh import greets, inside

_WORKERS = 6


class HostStatus(NamedTuple):
    """One host. `power` is on, unkept (it would not start again after a reboot) or off; `systemd` is its own word."""

    name: str
    group: str
    address: str
    power: str
    systemd: str
    sshd: str
    broken: tuple[str, ...]


def status_of(lab: Lab) -> list[HostStatus]:
    """Every host of *lab*, in order."""
    broken = lab.broken()
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(
            pool.map(
                lambda host: _status(lab, host, tuple(one.fault for one in broken if one.host == host.name)), lab.hosts
            )
        )


def _status(lab: Lab, host: LabHost, broken: tuple[str, ...]) -> HostStatus:
    folder = lab.folder.host(host.name)
    on = is_running(lab.name, host.name)
    power = "off" if not on else "on" if keepers(folder.path) else "unkept"
    sshd = "answers" if on and greets(host.address) else "silent"
    return HostStatus(host.name, host.group, host.address, power, _systemd(lab, host) if on else "-", sshd, broken)


def _systemd(lab: Lab, host: LabHost) -> str:
    found = leader(lab.folder.host(host.name))
    if found is None:
        return "starting"
    return inside(found, ["systemctl", "is-system-running"], timeout=10).out.strip() or "silent"
