"""`fleet.yml`, the inventory sources beside it, and Ansible's listing, without starting Ansible."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput
from core.fleets import Fleet, FleetFile
from fleets.check_file import check_hosts, check_names
from fleets.listing import read_listing
from fleets.reading import policy_digest, read_fleet_file
from fleets.sources import inventory_sources
from tests.unit.content import host, write, write_fleet

KNOWN: dict[str, Any] = {
    "symptoms": {"disk_full", "service_down"},
    "remedies": {"service_restart"},
    "probes": {"host", "services"},
}
BAD_FILES: list[tuple[str, str, str]] = [
    (
        "unknown key",
        "mode: auto\nsweps: []\n",
        "fleet.yml:2: sweps: unknown key; allowed here: budget, cooldown, enabled",
    ),
    (
        "inner key",
        "policy:\n  auto: {rsik: low}\n",
        "fleet.yml:2: policy.auto.rsik: unknown key; allowed here: confidence, own_word, risk, windows",
    ),
    ("wrong mode", "mode: full\n", "fleet.yml:1: mode: should be 'observe', 'suggest', 'approve' or 'auto'"),
    ("twice", "mode: auto\nmode: observe\n", "fleet.yml:2: mode: the key is given twice"),
    ("bad cron", "schedules: {x: {remedy: service_restart, cron: '* *'}}\n", "cron has five fields"),
    (
        "unknown probe",
        "sweeps:\n- {every: 5s, probes: [host, hots]}\n",
        "sweeps.0.probes.1: unknown probe 'hots'; allowed here: host, services",
    ),
    (
        "unknown symptom",
        "symptoms:\n  disk_fll: off\n",
        "fleet.yml:2: symptoms.disk_fll: unknown symptom 'disk_fll'; allowed",
    ),
    (
        "unknown never",
        "policy:\n  never:\n  - reboot\n",
        "fleet.yml:3: policy.never.0: unknown remedy 'reboot'; allowed",
    ),
    (
        "unknown scheduled",
        "schedules:\n  x: {remedy: nope, every: 1d}\n",
        "fleet.yml:2: schedules.x.remedy: unknown remedy",
    ),
]


@pytest.mark.parametrize(("text", "message"), [case[1:] for case in BAD_FILES], ids=[case[0] for case in BAD_FILES])
def test_a_bad_fleet_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    folder = write_fleet(tmp_path, file=text)
    with pytest.raises(BadInput) as caught:
        file, yaml = read_fleet_file(folder)
        check_names(yaml, file, **KNOWN)
    assert message in str(caught.value)
    assert caught.value.line is not None
    assert "\n" not in str(caught.value)


def test_a_good_one(tmp_path: Path) -> None:
    text = (
        "mode: auto\nsweeps: [{every: 5s, probes: [host]}]\nsymptoms: {disk_full: off, service_down: {below: 1}}\n"
        "policy: {never: [service_restart]}\nschedules: {x: {remedy: service_restart, cron: '0 3 * * 0'}}\n"
    )
    file, yaml = read_fleet_file(write_fleet(tmp_path, file=text))
    check_names(yaml, file, **KNOWN)
    assert file.symptoms["disk_full"] == "off"
    assert read_fleet_file(write_fleet(tmp_path, "empty", file=""))[0] == FleetFile()


def test_sweeps_name_hosts_that_exist(tmp_path: Path) -> None:
    text = "sweeps:\n- {every: 5s, probes: [host], hosts: [all, web1]}\n- {every: 5s, probes: [host], hosts: [wbe]}\n"
    file, yaml = read_fleet_file(write_fleet(tmp_path, file=text))
    fleet = Fleet(name="prod", folder=tmp_path, file=file, hosts=(host(),), policy_digest="x")
    with pytest.raises(BadInput, match=r"fleet.yml:3: sweeps.1.hosts.0: 'wbe' is neither a host nor a group"):
        check_hosts(yaml, fleet)


def test_the_policy_digest_covers_what_the_approver_reads() -> None:
    base = policy_digest(FleetFile())
    assert policy_digest(FleetFile(enabled=False)) == base
    changes: list[dict[str, Any]] = [
        {"mode": "auto"},
        {"modes": {"groups": {"web": "auto"}}},
        {"policy": {"never": ["x"]}},
        {"budget": {"concurrent_runs": 9}},
        {"cooldown": "3m"},
    ]
    assert len({base, *(policy_digest(FleetFile.model_validate(change)) for change in changes)}) == 6


def test_sources_are_what_ansible_would_read_less_our_own(tmp_path: Path) -> None:
    folder = write_fleet(tmp_path)
    taken = ["aws_ec2.yml", "hosts.ini", "hosts.yml", "more/x.yml"]
    left = ["README", "notes.txt", "ansible.cfg", ".hidden", "hosts.yml~", "files/a.conf", "group_vars/all.yml"]
    for name in (*taken, *left, "host_vars/web1.yml", "sources.yml"):
        write(folder / name, "")
    found = [path.relative_to(folder).as_posix() for path in inventory_sources(folder, FleetFile())]
    assert found == ["aws_ec2.yml", "hosts.ini", "hosts.yml", "more"]
    assert inventory_sources(folder, FleetFile(inventory=(".",))) == inventory_sources(folder, FleetFile())


def test_named_sources_come_in_their_order_and_must_exist(tmp_path: Path) -> None:
    folder = write_fleet(tmp_path)
    shared = write(tmp_path / "shared.yml", "")
    file = FleetFile(inventory=("hosts.yml", "../../shared.yml"))
    assert [path.resolve() for path in inventory_sources(folder, file)] == [folder / "hosts.yml", shared]
    with pytest.raises(BadInput, match=r"fleet\.yml: inventory: there is no 'gone\.yml'"):
        inventory_sources(folder, FleetFile(inventory=("gone.yml",)))
    write(folder / "a,b", "")
    with pytest.raises(BadInput, match="comma"):
        inventory_sources(folder, FleetFile())


LISTING = {
    "_meta": {"hostvars": {"b": {"x": 1}}},
    "all": {"children": ["ungrouped", "eu"]},
    "eu": {"children": ["web", "db"]},
    "web": {"hosts": ["b", "a"]},
    "db": {"hosts": ["c", "a"]},
    "ungrouped": {"hosts": ["z"]},
}


def test_hosts_come_in_inventory_order_with_all_their_groups() -> None:
    hosts = read_listing(json.dumps(LISTING), Path("/f"))
    assert [one.name for one in hosts] == ["z", "b", "a", "c"]
    assert {one.name: one.groups for one in hosts}["a"] == ("all", "db", "eu", "web")
    assert {one.name: one.variables for one in hosts}["b"] == {"x": 1}


BAD_LISTINGS: list[tuple[dict[str, Any], str]] = [
    ({"_meta": {"hostvars": {}}, "all": {"children": ["ungrouped"]}}, "the inventory resolves to no host"),
    ({"all": {"children": ["web"]}, "web": {"hosts": ["web"]}}, "'web' is the name of a host and of a group"),
    ({"all": {"children": ["web"]}, "web": {"hosts": ["all"]}}, "'all' is the name of a host and of a group"),
    ({"all": {"children": ["web"]}, "web": {"hosts": ["a*"]}}, "the host name 'a*' could be read as a pattern"),
    ({"all": {"children": ["web"]}, "web": {"hosts": ["!a"]}}, "could be read as a pattern"),
    ({"all": {"children": ["web"]}, "web": {"hosts": ["a b"]}}, "could be read as a pattern"),
    ({"all": {"children": ["web"]}, "web": {"hosts": ["-i"]}}, "could be read as a pattern"),
]


@pytest.mark.parametrize(("listing", "message"), BAD_LISTINGS)
def test_inventories_that_can_not_be_used(listing: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_listing(json.dumps(listing), Path("/f"))
    assert message in str(caught.value)
