"""Bringing a lab up: plan, network, trees, services, power, fleet. What is there already is kept and put right."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.errors import BadInput, Conflict, FleetmendError, Retryable
from lab.base_tree import ensure_base
from lab.clearing import clear_lab
from lab.fleet_files import write_fleet
from lab.folders import LabFolder, LabsFolder
from lab.lab import Lab
from lab.layout import HostPlan, Layout, read_layout
from lab.locks import held
from lab.machines import is_running, keepers, power_on
from lab.mounts import mount_host
from lab.networks import choose_network, used_networks
from lab.programs import LabFailed, check_machine
from lab.record import LabHost, LabRecord, plan_lab, read_record, write_record
from lab.setting_up import prepare, start
from lab.ssh import PORT, make_key, over_ssh, wait_for_ssh
from lab.wires import is_wired, lay_bridge, lay_wire, refuse_strangers

Say = Callable[[str], None]
_BOOT_SECONDS = 120
_WORKERS = 3
_PREPARED, _READY = "prepared", "ready"
"""Marks in a host's folder and in the lab's: what need not be done again."""


def bring_up(
    labs: Path,
    name: str = "lab",
    *,
    hosts: Sequence[str] = (),
    network: str | None = None,
    mirror: str | None = None,
    keep: bool = False,
    say: Say = lambda line: None,
) -> Lab:
    """Bring the lab *name* up and return it once every host is reached, with all its services started.

    A lab that is there already is completed: hosts that are down are started, with what is on their disks. If
    something fails, what was made of a new lab is taken away again, unless *keep*. Raises BadInput, LabFailed,
    Retryable, Conflict.
    """
    check_machine()
    where, layout = LabsFolder(labs.resolve()), read_layout()
    chosen = layout.choose(hosts)
    plan_lab(name, "", choose_network([], network), chosen)  # a bad name or network is told before anything is made
    with held(where.lock(name), busy=lambda: _refuse(name)):
        folder = where.lab(name)
        record = read_record(folder.record)
        if record is None:
            return _make(where, folder, layout, name, chosen, network, mirror, keep, say)
        _refuse_change(record, hosts, network)
        return _complete(where, folder, layout, record, say)


def _make(
    where: LabsFolder,
    folder: LabFolder,
    layout: Layout,
    name: str,
    chosen: Sequence[HostPlan],
    network: str | None,
    mirror: str | None,
    keep: bool,
    say: Say,
) -> Lab:
    if folder.path.exists():
        clear_lab(where, name)  # it was killed before it was planned
    refuse_strangers(name)
    choose_network(used_networks(), network)  # a clash is told before the base tree is built
    base = ensure_base(where, say=say, mirror=mirror)
    try:
        with held(where.network_lock, busy=lambda: None):
            record = plan_lab(name, base.name, choose_network(used_networks(), network), chosen)
            write_record(folder.record, record)
            lay_bridge(record)
        return _complete(where, folder, layout, record, say)
    except BaseException as error:
        if keep:
            raise
        if isinstance(error, FleetmendError):
            say("it failed; taking away what was made")
        clear_lab(where, name)
        raise


def _complete(where: LabsFolder, folder: LabFolder, layout: Layout, record: LabRecord, say: Say) -> Lab:
    begun = time.monotonic()
    base = where.bases / record.base
    if not base.is_dir():
        raise LabFailed(
            f"the base tree {record.base} is gone; `fleetmend lab down --name {record.name}`, then up again"
        )
    _make_keys(folder, record)
    lay_bridge(record)
    down = [host for host in record.hosts if not _stands(record, folder, host)]
    if down:
        say(f"starting {', '.join(host.name for host in down)} …")
    with ThreadPoolExecutor(_WORKERS) as pool:
        list(pool.map(lambda host: _start_host(base, folder, layout, record, host), down))
    _write_known_hosts(folder, record)
    fresh = not (folder.path / _READY).exists()
    if fresh:
        write_fleet(record, layout, folder)
    wait_for_ssh(record, _BOOT_SECONDS)
    with ThreadPoolExecutor(_WORKERS) as pool:
        list(pool.map(lambda host: _wait_until_up(folder, host), record.hosts))
    _check_wires(folder, record)
    if fresh:
        say("starting what runs on them …")
        start(record, layout, folder)
        (folder.path / _READY).touch()
    counted = "1 host is" if len(record.hosts) == 1 else f"{len(record.hosts)} hosts are"
    say(f"{counted} up, after {time.monotonic() - begun:.0f} s")
    return Lab(where, record, layout)


def _start_host(base: Path, folder: LabFolder, layout: Layout, record: LabRecord, host: LabHost) -> None:
    place = folder.host(host.name)
    prepared = place.path / _PREPARED
    if not prepared.exists() and place.image.exists():
        raise LabFailed(f"{host.name} was left half-made; `fleetmend lab down --name {record.name}` clears it")
    mount_host(base, place)
    if not prepared.exists():
        prepare(record, layout, host, place, folder.shared)
        prepared.touch()
    if not is_wired(record, host):
        lay_wire(record, host)
    power_on(record, host, place)


def _stands(record: LabRecord, folder: LabFolder, host: LabHost) -> bool:
    kept = bool(keepers(folder.host(host.name).path))
    return kept and is_running(record.name, host.name) and is_wired(record, host)


def _make_keys(folder: LabFolder, record: LabRecord) -> None:
    make_key(folder.key, "fleetmend lab")
    for owner in ("alice", "backup"):
        make_key(folder.shared / owner, owner)
    for host in record.hosts:
        make_key(folder.host_key(host.name), host.name)
    shutil.copy(folder.key.with_name("key.pub"), folder.shared / "ansible.pub")


def _write_known_hosts(folder: LabFolder, record: LabRecord) -> None:
    lines = []
    for host in record.hosts:
        key = folder.host_key(host.name).with_suffix(".pub").read_text(encoding="utf-8")
        lines.append(f"{host.address},{host.name} {' '.join(key.split()[:2])}\n")
    folder.known_hosts.write_text("".join(lines), encoding="utf-8")


def _wait_until_up(folder: LabFolder, host: LabHost) -> None:
    said = over_ssh(folder, host, ["systemctl", "is-system-running", "--wait"], timeout=_BOOT_SECONDS)
    if said.out.strip() != "running":
        failed = over_ssh(folder, host, ["systemctl", "list-units", "--failed", "--plain", "--no-legend"])
        units = ", ".join(line.split()[0] for line in failed.out.splitlines() if line.strip())
        words = units or said.err.strip() or said.out.strip() or "no answer"
        raise Retryable(f"{host.name} came up, but not all of it: {words}")


def _check_wires(folder: LabFolder, record: LabRecord) -> None:
    """Raises LabFailed if hosts can't reach each other, before services fail for it in words of their own."""
    first, last = record.hosts[0], record.hosts[-1]
    words = ["timeout", "5", "bash", "-c", f"exec 3<>/dev/tcp/{first.address}/{PORT}"]
    if first != last and not over_ssh(folder, last, words).ok:
        hint = "a firewall may drop what its bridges carry; try: sysctl net.bridge.bridge-nf-call-iptables=0"
        raise LabFailed(f"{last.name} can't reach {first.name}, though this machine reaches both; {hint}")


def _refuse(name: str) -> None:
    raise Conflict(f"another command is at work on the lab {name!r}; wait for it, or choose another --name")


def _refuse_change(record: LabRecord, hosts: Sequence[str], network: str | None) -> None:
    there = [host.name for host in record.hosts]
    if hosts and sorted(set(hosts)) != sorted(there):
        problem = (
            f"the lab {record.name!r} is there with {', '.join(there)}; take it down first, or choose another --name"
        )
        raise BadInput(problem, key="--hosts")
    if network is not None and network != str(record.network):
        raise BadInput(f"the lab {record.name!r} is there with {record.network}; take it down first", key="--network")
