"""The fleet that a lab writes: sound with the shipped catalog, and put together from many files."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from catalog.catalog import SHIPPED_PROBES
from catalog.load import load_catalog
from core.ansible_environment import AnsibleEnvironment
from core.errors import BadInput
from core.settings import CHECKOUT
from fleets.check_file import check_names
from fleets.reading import read_fleet_file
from fleets.source import FleetSource
from lab.fleet_files import SOURCE, fleet_file, merged, read_copies, write_fleet
from lab.folders import LabFolder
from lab.layout import EVERY, read_layout
from lab.networks import Network
from lab.record import LabRecord, plan_lab
from tests.unit.content import write

LAYOUT = read_layout()


def plan(*hosts: str) -> LabRecord:
    return plan_lab("lab", "base", Network("10.213.0.0/24"), LAYOUT.choose(hosts))


def lab_with_files(folder: Path, record: LabRecord) -> LabFolder:
    """A lab whose hosts have the files that are copied, and nothing else."""
    lab = LabFolder(folder)
    for group, paths in read_copies(SOURCE / "copies.yml", LAYOUT).items():
        for host in record.hosts:
            if group in (EVERY, host.group):
                for path in paths:
                    write(lab.host(host.name).root / path.removeprefix("/"), f"{path} of {host.name}\n")
    return lab


@pytest.fixture(params=[(), ("web1",)], ids=["all hosts", "one host"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> LabFolder:
    record = plan(*request.param)
    lab = lab_with_files(tmp_path / "lab", record)
    write_fleet(record, LAYOUT, lab)
    write_fleet(record, LAYOUT, lab)
    return lab


def test_the_fleet_is_sound_with_the_shipped_catalog(written: LabFolder) -> None:
    file, lines = read_fleet_file(written.content / "inventory" / "lab")
    catalog = load_catalog(CHECKOUT)
    check_names(lines, file, symptoms=catalog.symptoms, remedies=catalog.remedies, probes=SHIPPED_PROBES)


def test_the_copies_are_the_hosts_files(written: LabFolder) -> None:
    files = written.content / "inventory" / "lab" / "files"
    assert (files / "web1" / "etc" / "web" / "web.conf").read_text() == "/etc/web/web.conf of web1\n"
    assert (files / "web1" / "etc" / "nftables.conf").is_file()
    assert not (files / "web1" / "etc" / "haproxy").exists()


def test_a_sweep_of_a_group_without_hosts_is_left_out(tmp_path: Path) -> None:
    text = "mode: auto\nsweeps:\n  - {every: 5s, probes: [host]}\n  - {every: 5s, probes: [http], hosts: [web, db]}\n"
    text += (
        "  - {every: 5s, probes: [tcp], hosts: [db]}\nschedules:\n  nightly: {remedy: look, every: 1d, hosts: [db1]}\n"
    )
    path = write(tmp_path / "fleet.yml", text)
    assert fleet_file(path, plan("web1", "db1")) == text
    smaller = yaml.safe_load(fleet_file(path, plan("web1")))
    assert smaller["schedules"] == {}
    assert smaller["sweeps"] == [
        {"every": "5s", "probes": ["host"]},
        {"every": "5s", "probes": ["http"], "hosts": ["web"]},
    ]


@pytest.mark.ansible
def test_ansible_reads_it_and_what_it_names_exists(tmp_path: Path) -> None:
    record = plan()
    lab = lab_with_files(tmp_path / "lab", record)
    write_fleet(record, LAYOUT, lab)
    environment = AnsibleEnvironment(
        environ=os.environ, content=lab.content, state=tmp_path / "state", python_bin=Path(sys.executable).parent
    )
    fleet = FleetSource(lab.content, environment=environment, timeout=timedelta(seconds=60)).get("lab")
    hosts = {host.name: host for host in fleet.hosts}
    assert hosts.keys() == {host.name for host in record.hosts}
    assert hosts["web1"].variables["ansible_user"] == "ansible"
    assert hosts["web1"].variables["fleetmend_http"]["web1"]["url"] == "http://10.213.0.12:8081/health"
    assert {"cron", "web1", "web_tls", "worker"} <= hosts["web1"].variables["fleetmend_services"].keys()
    for host in fleet.hosts:
        for name, entry in host.variables.get("fleetmend_files", {}).items():
            assert (lab.content / "inventory" / "lab" / entry["source"]).is_file(), f"{name} of {host.name}"


def test_mappings_and_lists_of_several_files_are_put_together(tmp_path: Path) -> None:
    write(tmp_path / "all" / "base.yml", {"fleetmend_services": {"cron": {}}, "fleetmend_protected": ["sshd"], "x": 1})
    write(tmp_path / "web" / "a.yml", {"fleetmend_services": {"web": {}}})
    write(tmp_path / "web" / "b.yml", {"fleetmend_services": {"tls": {}}, "fleetmend_protected": ["web"]})
    write(tmp_path / "db" / "c.yml", {"fleetmend_services": {"web": {}}})
    assert merged(tmp_path, ("all", "web")) == {
        "fleetmend_services": {"cron": {}, "web": {}, "tls": {}},
        "fleetmend_protected": ["sshd", "web"],
        "x": 1,
    }


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (
            "fleetmend_services:\n  cron: {}\n",
            r"b\.yml:2: fleetmend_services\.cron: another file has this entry already",
        ),
        ("x: 2\n", r"b\.yml:1: x: another file has this variable already"),
        ("fleetmend_services: [cron]\n", r"b\.yml:1: fleetmend_services: another file has this variable already"),
        ("- cron\n", r"b\.yml:1: a mapping of variables is expected here"),
    ],
)
def test_what_two_files_say_of_one_entry_is_refused(tmp_path: Path, second: str, words: str) -> None:
    write(tmp_path / "all" / "a.yml", {"fleetmend_services": {"cron": {}}, "x": 1})
    write(tmp_path / "all" / "b.yml", second)
    with pytest.raises(BadInput, match=words):
        merged(tmp_path, ("all",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mail: [/etc/x]\n", r"copies\.yml:1: mail: unknown group; allowed here: all, backup"),
        ("web: /etc/x\n", r"copies\.yml:1: web: a list of absolute paths"),
        ("web: [etc/x]\n", r"copies\.yml:1: web: a list of absolute paths"),
    ],
)
def test_wrong_copies_are_told_with_file_line_and_key(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_copies(write(tmp_path / "copies.yml", text), LAYOUT)


def test_a_file_that_a_fresh_host_does_not_have_is_named(tmp_path: Path) -> None:
    record = plan("web1")
    lab = lab_with_files(tmp_path / "lab", record)
    (lab.host("web1").root / "etc" / "web" / "web.conf").unlink()
    with pytest.raises(BadInput, match=r"copies\.yml: a fresh host has no file /etc/web/web\.conf"):
        write_fleet(record, LAYOUT, lab)


def test_secrets_of_the_lab_are_paths_and_not_values(written: LabFolder) -> None:
    everybody = yaml.safe_load((written.content / "inventory" / "lab" / "group_vars" / "all.yml").read_text())
    assert everybody["ansible_ssh_private_key_file"] == str(written.key)
    assert "StrictHostKeyChecking" not in everybody["ansible_ssh_extra_args"]
