"""The lab's network in the kernel: a bridge with this machine's address, and for each host a namespace on a wire."""

from __future__ import annotations

import json

from core.errors import BadInput
from lab.programs import attempt, run
from lab.record import LabHost, LabRecord, bridge_of, namespace_of

DEVICE = "eth0"
"""What a host calls its end of the wire."""


def lay_bridge(record: LabRecord) -> None:
    """Make the bridge, unless it is there, and plug in what wires there are."""
    if not exists(record.bridge):
        run("ip", "link", "add", record.bridge, "type", "bridge")
        run("ip", "address", "add", f"{record.controller}/{record.network.prefixlen}", "dev", record.bridge)
    run("ip", "link", "set", record.bridge, "up")
    there = links(record.name)
    for host in record.hosts:
        if record.cable(host) in there:
            run("ip", "link", "set", record.cable(host), "master", record.bridge, "up")


def is_wired(record: LabRecord, host: LabHost) -> bool:
    """Has the host its namespace and its wire?"""
    return record.namespace(host) in namespaces(record.name) and exists(record.cable(host))


def lay_wire(record: LabRecord, host: LabHost) -> None:
    """Make the host's namespace and its wire to the bridge, anew."""
    namespace, cable = record.namespace(host), record.cable(host)
    cut_wire(record, host)
    run("ip", "netns", "add", namespace)
    run("ip", "link", "add", cable, "type", "veth", "peer", "name", DEVICE, "netns", namespace)
    run("ip", "link", "set", cable, "master", record.bridge, "up")
    inside = ("ip", "-n", namespace)
    run(*inside, "address", "add", f"{host.address}/{record.network.prefixlen}", "dev", DEVICE)
    run(*inside, "link", "set", "lo", "up")
    run(*inside, "link", "set", DEVICE, "up")


def plug(record: LabRecord, host: LabHost, *, up: bool) -> None:
    """Pull the host's wire out, so that not even its kernel answers, or plug it in again."""
    run("ip", "link", "set", record.cable(host), "up" if up else "down")


def cut_wire(record: LabRecord, host: LabHost) -> None:
    """Remove the host's wire and namespace, if they are there."""
    if exists(record.cable(host)):
        attempt("ip", "link", "delete", record.cable(host))
    if record.namespace(host) in namespaces(record.name):
        attempt("ip", "netns", "delete", record.namespace(host))


def clear_network(lab: str) -> None:
    """Remove every namespace, wire and bridge that bears the lab's name, whatever a record says."""
    for namespace in namespaces(lab):
        attempt("ip", "netns", "delete", namespace)
    for link in links(lab):
        attempt("ip", "link", "delete", link)


def namespaces(lab: str) -> list[str]:
    """The network namespaces of a lab."""
    names = (line.split()[0] for line in run("ip", "netns", "list").splitlines() if line.strip())
    return [name for name in names if name.startswith(namespace_of(lab, ""))]


def links(lab: str) -> list[str]:
    """The lab's bridge, and the bridge's ends of its wires."""
    bridge = bridge_of(lab)
    names = (one["ifname"] for one in json.loads(run("ip", "-json", "link")))
    return [name for name in names if name == bridge or name.startswith(f"{bridge}-")]


def exists(link: str) -> bool:
    return attempt("ip", "link", "show", link).returncode == 0


def refuse_strangers(lab: str) -> None:
    """Raises BadInput if something else bears the lab's name: a lab under another FLEETMEND_LAB, or a chance."""
    found = [*links(lab), *namespaces(lab)]
    if found:
        where = "a lab under another FLEETMEND_LAB may have made it"
        raise BadInput(f"{found[0]} is there already; {where}; choose another name", key="--name")
