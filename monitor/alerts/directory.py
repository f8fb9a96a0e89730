"""Finds hosts by what outsiders call them: inventory names, addresses, `name:port`, URLs."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from core.fleets import Fleet, Host

_LONGEST = 500


class Found(NamedTuple):
    """One host of one fleet."""

    fleet: Fleet
    host: Host


class Directory:
    """The hosts of some fleets. Made once for as long as the fleets stay the same."""

    def __init__(self, fleets: Mapping[str, Fleet], unreadable: tuple[str, ...] = ()) -> None:
        """*unreadable* are fleets that can't be read now, whose hosts are not known therefore."""
        self.fleets, self.unreadable = fleets, unreadable
        self._names: dict[str, list[Found]] = defaultdict(list)
        self._addresses: dict[str, list[Found]] = defaultdict(list)
        self._short: dict[str, list[Found]] = defaultdict(list)
        self._urls: dict[str, list[Found]] = defaultdict(list)
        for fleet in fleets.values():
            for host in fleet.hosts:
                found = Found(fleet, host)
                self._names[host.name.lower()].append(found)
                self._short[host.name.lower().partition(".")[0]].append(found)
                address = host.variables.get("ansible_host")
                if isinstance(address, str) and not _is_loopback(address):
                    self._addresses[address.lower()].append(found)
                for entry in host.entries_in("fleetmend_http").values():
                    if isinstance(entry.get("url"), str):
                        self._urls[entry["url"].rstrip("/")].append(found)

    def find(self, said: str, fleet: str | None = None) -> list[Found]:
        """The hosts that *said* may mean, within *fleet* if it is given: by inventory name, then by address.

        Of a name with dots, its first part counts where nothing else fits.
        """
        name = name_in(said).lower()
        ways = [(self._urls, said.rstrip("/")), (self._names, name), (self._addresses, name)]
        if not _is_address(name):
            ways.append((self._short, name.partition(".")[0]))
        for places, wanted in ways:
            found = [one for one in places.get(wanted, ()) if fleet in (None, one.fleet.name)]
            if found:
                return found
        return []


def name_in(said: str) -> str:
    """The host in *said*, which may be `host`, `host:port`, `[address]:port` or a URL."""
    said = said.strip()[:_LONGEST]
    try:
        return urlsplit(said if "://" in said else f"//{said}").hostname or said
    except ValueError:
        return said


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    """What everybody calls himself says nothing of who it is."""
    if name.lower() in ("localhost", "localhost.localdomain"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
