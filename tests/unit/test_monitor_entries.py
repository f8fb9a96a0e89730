"""Entries of the inventory: what is accepted, and that a bad one costs itself alone."""

from __future__ import annotations

from typing import Any

import pytest

from core.fleets import Host
from core.model import Model
from monitor.entries.databases import DatabaseEntry
from monitor.entries.files import FileEntry, FolderEntry
from monitor.entries.outside import HttpEntry, TcpEntry
from monitor.entries.processes import ProcessEntry
from monitor.entries.reading import read_entries
from monitor.entries.services import ScaledEntry, ServiceEntry
from monitor.sizes import parse_size

SCALED = {"unit": "web@", "max": 4, "first_port": 8081, "capacity": 8}


@pytest.mark.parametrize(
    ("written", "bytes_"),
    [
        (1, 1),
        ("500MB", 500 * 1024**2),
        ("500 MB", 500 * 1024**2),
        ("500MiB", 500 * 1024**2),
        ("2GB", 2 * 1024**3),
        ("64KiB", 64 * 1024),
        ("1.5k", 1536),
        ("12", 12),
    ],
)
def test_sizes(written: object, bytes_: int) -> None:
    assert parse_size(written) == bytes_


@pytest.mark.parametrize("written", ["", "MB", "-1MB", "5 apples", "1e9", 0, -1, True, None, 1.5, "0KB", "nanMB"])
def test_no_sizes(written: object) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(written)


@pytest.mark.parametrize(
    ("model", "entry"),
    [
        (ServiceEntry, None),
        (ServiceEntry, {"unit": "getty@tty1.service"}),
        (ServiceEntry, {"unit": "web:*", "backend": "supervisor", "config": "/etc/s.conf", "supervisorctl": "/x/y"}),
        (FolderEntry, {"path": "/var/log/web", "budget": "500MB", "service": "web", "patterns": ["*.log"]}),
        (FileEntry, {"path": "/etc/web.conf", "source": "f/web.conf", "validate": "web -t %s", "mode": "0644"}),
        (HttpEntry, {"url": "http://x:1/health", "status": [200, 204], "timeout": 2, "service": "web"}),
        (TcpEntry, {"port": "8080", "address": "::1"}),
        (ProcessEntry, {"match": "/srv/jobs/"}),
        (DatabaseEntry, {}),
        (DatabaseEntry, {"user": "pg", "socket": "/run/pg", "port": 5433, "idle_after": "90s", "keep": ["a_b"]}),
        (ScaledEntry, {"unit": "web@", "min": 1, "max": 4, "first_port": 8081, "capacity": 8, "service": "web"}),
    ],
)
def test_good_entries(model: type[Model], entry: Any) -> None:
    entries, problems = read_entries(Host(name="h1", variables={"v": {"web": entry}}), "v", model)
    assert list(entries) == ["web"]
    assert not problems


@pytest.mark.parametrize(
    ("model", "entry", "said"),
    [
        (ServiceEntry, {"unit": "-rf"}, "unit"),
        (ServiceEntry, {"unit": "a b"}, "unit"),
        (ServiceEntry, {"backend": "runit"}, "'systemd' or 'supervisor'"),
        (ServiceEntry, "web.service", "valid"),
        (FolderEntry, {"path": "/x"}, "budget"),
        (FolderEntry, {"path": "logs", "budget": 5}, "path"),
        (FolderEntry, {"path": "/x", "budget": "much"}, "is not a size"),
        (FolderEntry, {"path": "/x", "budgets": 5, "budget": 5}, "budgets: unknown key; allowed here: budget, path"),
        (HttpEntry, {"url": "file:///etc/passwd"}, "url"),
        (HttpEntry, {"url": "http://x", "status": 42}, "status"),
        (HttpEntry, {"url": "http://[::1/"}, "Invalid IPv6 URL"),
        (HttpEntry, {"url": "http://x:99999/"}, "out of range"),
        (HttpEntry, {"url": "http://:80/"}, "names no host"),
        (HttpEntry, {"url": "http://x/a b"}, "url"),
        (TcpEntry, {"port": 0}, "port"),
        (TcpEntry, {"port": 80, "address": "-x y"}, "address"),
        (ProcessEntry, {"match": "("}, "no regular expression"),
        (ProcessEntry, {"match": ".*"}, "it fits every process"),
        (DatabaseEntry, {"idle_after": "10 minutes"}, "idle_after"),
        (DatabaseEntry, {"keep": ["a,b"]}, "keep"),
        (DatabaseEntry, {"user": "-x"}, "user"),
        (ScaledEntry, SCALED | {"unit": "web"}, "unit"),
        (ScaledEntry, SCALED | {"min": 5}, "min must not be above max"),
        (ScaledEntry, SCALED | {"first_port": 65533}, "would have no port"),
        (ScaledEntry, SCALED | {"capacity": 0}, "capacity"),
    ],
)
def test_a_bad_entry_costs_itself_alone(model: type[Model], entry: Any, said: str) -> None:
    good: dict[type[Model], Any] = {
        ServiceEntry: {},
        FolderEntry: {"path": "/g", "budget": 1},
        HttpEntry: {"url": "http://g"},
    }
    good |= {DatabaseEntry: {}, ScaledEntry: SCALED, TcpEntry: {"port": 1}, ProcessEntry: {"match": "g"}}
    fine = good[model]
    entries, problems = read_entries(Host(name="h1", variables={"v": {"bad": entry, "good": fine}}), "v", model)
    assert list(entries) == ["good"]
    assert len(problems) == 1
    assert problems[0].startswith("v.bad: ")
    assert said in problems[0]
    assert "\n" not in problems[0]


def test_a_key_that_is_no_subject_is_refused() -> None:
    entries, problems = read_entries(Host(name="h1", variables={"v": {"a b": {}, "": {}}}), "v", ServiceEntry)
    assert not entries
    assert len(problems) == 2


def test_a_variable_that_is_no_mapping() -> None:
    entries, problems = read_entries(Host(name="h1", variables={"v": ["web"]}), "v", ServiceEntry)
    assert (entries, problems) == ({}, ("v: a mapping of names to entries is expected",))


def test_the_service_of_an_entry() -> None:
    host = Host(name="h1", variables={"fleetmend_services": {"web": {}}})
    url = HttpEntry(url="http://x")
    assert url.evolve(service="shop").owner(host, "page") == "shop"
    assert url.owner(host, "web") == "web"
    assert url.owner(host, "page") is None
    assert ServiceEntry().owner(Host(name="h2"), "web") == "web"
