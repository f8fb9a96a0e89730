"""Which hosts a lab has and what runs on them: the shipped layout, and what a wrong one is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from core.errors import BadInput
from lab.layout import HERE, read_layout
from tests.unit.content import write

LAYOUT = read_layout()


def test_by_default_a_lab_has_every_kind_of_host() -> None:
    hosts = LAYOUT.choose()
    assert [host.name for host in hosts] == ["lb1", "web1", "web2", "web3", "db1", "backup1"]
    assert {host.group for host in hosts} == {"lb", "web", "db", "backup"}
    assert "haproxy" in hosts[0].services
    assert "haproxy" not in hosts[1].services


def test_hosts_can_be_chosen_and_more_of_a_kind_added() -> None:
    assert [(host.name, host.group) for host in LAYOUT.choose(["web7", "lb1", "web7"])] == [
        ("web7", "web"),
        ("lb1", "lb"),
    ]


@pytest.mark.parametrize("name", ["mail1", "web", "all1", "-l", ""])
def test_a_host_of_no_kind_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=r"no host .* is planned for a lab; there are lb1, web1"):
        LAYOUT.choose([name])


def test_a_service_is_left_out_without_the_group_that_it_needs() -> None:
    assert "backup" in LAYOUT.choose(["web1", "backup1"])[0].services
    assert "backup" not in LAYOUT.choose(["web1", "lb1"])[0].services


def test_services_are_set_up_in_the_order_of_the_file() -> None:
    order = list(LAYOUT.services)
    for host in LAYOUT.choose():
        assert [order.index(name) for name in host.services] == sorted(order.index(name) for name in host.services)


def test_every_script_is_used_and_is_shell() -> None:
    scripts = {path.stem: path for path in (HERE / "services").glob("*.sh")}
    assert scripts.keys() == LAYOUT.services.keys()
    for name, path in scripts.items():
        text = path.read_text()
        assert subprocess.run(["/bin/sh", "-n", path], check=False).returncode == 0
        assert "\nprepare() {" in text
        assert ("\nstart() {" in text) is LAYOUT.services[name].starts, name


def folder(tmp_path: Path, layout: str) -> Path:
    write(tmp_path / "layout.yml", layout)
    write(tmp_path / "services" / "web.sh", "")
    return tmp_path


@pytest.mark.parametrize(
    ("services", "words"),
    [
        (
            "web: {groups: [web], start: true}",
            r"layout\.yml:2: services\.web\.start: unknown key; allowed here: groups",
        ),
        (
            "web: {groups: [mail]}",
            r"layout\.yml:2: services\.web\.groups\.0: unknown group 'mail'; allowed here: all, web",
        ),
        ("web: {groups: [web], needs: [db]}", r"services\.web\.needs\.0: unknown group 'db'"),
        ("web: {groups: []}", r"services\.web\.groups: "),
        ("mail: {groups: [all]}", r"services\.mail: there is no .*/services/mail\.sh"),
    ],
)
def test_a_wrong_layout_is_told_with_file_line_and_key(tmp_path: Path, services: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_layout(folder(tmp_path, f"hosts: {{web1: web}}\nservices: {{{services}}}\n"))
