"""Which addresses a lab gets: a network that this machine knows nothing of, so that no traffic can go astray."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from core.errors import BadInput
from lab.programs import run

Network = ipaddress.IPv4Network
FIRST_HOST = 11
"""The last part of the first host's address; the controller, this machine, is `.1`."""
MOST_HOSTS = 200
_POOL = Network("10.213.0.0/16")
_SMALLEST = 24


class Used(NamedTuple):
    """A network that this machine knows already, and by what."""

    network: Network
    by: str


def used_networks() -> list[Used]:
    """The IPv4 networks of this machine's interfaces and routes; the default route is not one."""
    used = []
    for link in json.loads(run("ip", "-json", "-4", "address")):
        for address in link.get("addr_info", ()):
            network = Network(f"{address['local']}/{address['prefixlen']}", strict=False)
            used.append(Used(network, link["ifname"]))
    for route in json.loads(run("ip", "-json", "-4", "route", "show", "table", "all") or "[]"):
        destination = route.get("dst", "default")
        if destination != "default" and "/" in destination:
            used.append(Used(Network(destination, strict=False), f"the route by {route.get('dev', 'a gateway')}"))
    return used


def choose_network(used: Sequence[Used], wanted: str | None = None) -> Network:
    """A network that clashes with none of *used*: *wanted*, or the first free one. Raises BadInput in one line."""
    if wanted is None:
        for network in _POOL.subnets(new_prefix=_SMALLEST):
            if not any(network.overlaps(one.network) for one in used):
                return network
        by = next(one for one in used if one.network.overlaps(_POOL))
        raise BadInput(
            f"every network of {_POOL} clashes with {by.by} ({by.network}); give a free one", key="--network"
        )
    try:
        network = Network(wanted)
    except ValueError as error:
        raise BadInput(f"not an IPv4 network such as 10.99.0.0/24: {error}", key="--network") from None
    if not network.is_private or network.prefixlen > _SMALLEST:
        raise BadInput(f"{network} won't do; a private network of /{_SMALLEST} or larger is needed", key="--network")
    for one in used:
        if network.overlaps(one.network):
            problem = f"{network} clashes with {one.by} ({one.network}); choose another, or leave it out"
            raise BadInput(problem, key="--network")
    return network


def addresses(network: Network) -> Iterator[str]:
    """The addresses of the hosts, in order."""
    return (str(network[number]) for number in range(FIRST_HOST, FIRST_HOST + MOST_HOSTS))


def controller(network: Network) -> str:
    """The address of this machine, from which Ansible comes."""
    return str(network[1])
