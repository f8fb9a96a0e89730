"""When a fleet is resolved again, and when not. Resolving itself is replaced: it has tests with real Ansible."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import BadInput, NotFound
from core.fleets import Fleet
from fleets.resolve import Resolved, Resolver
from fleets.source import FleetSource
from tests.unit.content import host, own_environment, write, write_fleet


class Ansible:
    """Stands in for a resolution: counts, and answers or fails."""

    def __init__(self) -> None:
        self.calls = 0
        self.problem: BadInput | None = None

    def __call__(self, resolver: Resolver) -> Resolved:
        self.calls += 1
        if self.problem is not None:
            raise self.problem
        return Resolved((host(),), frozenset({"hunter22"}))


@pytest.fixture
def ansible() -> Ansible:
    return Ansible()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def source(tmp_path: Path, ansible: Ansible, clock: ManualClock) -> FleetSource:
    environment = own_environment(tmp_path, tmp_path / "state")
    return FleetSource(tmp_path, environment=environment, clock=clock, resolve=ansible)


def test_names_are_folders_with_a_fleet_file(tmp_path: Path, source: FleetSource) -> None:
    assert source.names() == ()
    with pytest.raises(NotFound, match="known: none"):
        source.get("prod")
    write_fleet(tmp_path)
    write_fleet(tmp_path, "eu")
    write(tmp_path / "inventory/shared/hosts.yml", "")
    assert source.names() == ("eu", "prod")
    with pytest.raises(NotFound, match=r"no fleet 'pord' in .*; did you mean 'prod'\? known: eu, prod"):
        source.get("pord")
    for name in ("", ".", "..", "../inventory/prod", "shared"):
        with pytest.raises(NotFound):
            source.get(name)


def test_a_fleet_is_resolved_once_until_a_file_or_the_time_says_otherwise(
    tmp_path: Path, source: FleetSource, ansible: Ansible, clock: ManualClock
) -> None:
    folder = write_fleet(tmp_path, file={"inventory_ttl": "1m"})
    first = source.get("prod")
    assert first.folder == folder
    assert first.secrets == {"hunter22"}
    assert source.get("prod") is first
    clock.advance(timedelta(seconds=59))
    assert source.get("prod") is first
    clock.advance(timedelta(seconds=2))
    assert source.get("prod") is not first
    assert ansible.calls == 2
    for count, name in enumerate(("group_vars/all.yml", "hosts.yml", "fleet.yml", "files/x", "../../ansible.cfg"), 3):
        write(folder / name, "" if name != "fleet.yml" else {"mode": "auto"})
        source.get("prod")
        source.get("prod")
        assert ansible.calls == count, name
    assert source.get("prod").file.mode == "auto"
    (folder / "files/x").unlink()
    source.get("prod")
    assert ansible.calls == 8


def test_sources_elsewhere_count_too(tmp_path: Path, source: FleetSource, ansible: Ansible) -> None:
    write_fleet(tmp_path, file={"inventory": ["../../shared.yml"]})
    write(tmp_path / "shared.yml", "")
    source.get("prod")
    write(tmp_path / "shared.yml", "all: {}")
    source.get("prod")
    assert ansible.calls == 2


def test_a_failure_is_raised_and_soon_tried_again(
    tmp_path: Path, source: FleetSource, ansible: Ansible, clock: ManualClock
) -> None:
    write_fleet(tmp_path)
    ansible.problem = BadInput("the cloud is down")
    for _ in range(2):
        with pytest.raises(BadInput, match="the cloud is down"):
            source.get("prod")
    assert ansible.calls == 1
    ansible.problem = None
    clock.advance(timedelta(seconds=11))
    assert source.get("prod").host_names == ("web1",)


def test_a_failure_ends_with_a_changed_file(tmp_path: Path, source: FleetSource, ansible: Ansible) -> None:
    folder = write_fleet(tmp_path)
    ansible.problem = BadInput("broken")
    with pytest.raises(BadInput):
        source.get("prod")
    ansible.problem = None
    write(folder / "hosts.yml", "all: {}")
    assert source.get("prod").host_names == ("web1",)


def test_the_file_alone_needs_no_resolution(tmp_path: Path, source: FleetSource, ansible: Ansible) -> None:
    folder = write_fleet(tmp_path)
    first = source.file("prod")
    assert source.file("prod") is first
    write(folder / "fleet.yml", {"mode": "observe"})
    assert source.file("prod").mode == "observe"
    write(folder / "fleet.yml", {"moed": "observe"})
    for read in (source.file, source.get):
        with pytest.raises(BadInput, match="moed: unknown key"):
            read("prod")
    assert ansible.calls == 0


def test_a_sweep_over_an_unknown_group_is_bad_input(tmp_path: Path, source: FleetSource) -> None:
    write_fleet(tmp_path, file={"sweeps": [{"every": "5s", "probes": ["host"], "hosts": ["nope"]}]})
    with pytest.raises(BadInput, match="neither a host nor a group"):
        source.get("prod")


def test_many_threads_share_one_resolution(tmp_path: Path, source: FleetSource, ansible: Ansible) -> None:
    write_fleet(tmp_path)
    fleets: list[Fleet] = []
    threads = [threading.Thread(target=lambda: fleets.append(source.get("prod"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ansible.calls == 1
    assert len(fleets) == 8
