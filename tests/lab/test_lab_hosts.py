"""The hosts of a lab are what they claim to be, seen from outside: over SSH, HTTP, TLS and DNS."""

from __future__ import annotations

import ssl
import urllib.request
from pathlib import Path

import pytest

from core.errors import BadInput
from lab.lab import Lab
from lab.status import status_of
from tests.lab.labs import fleetmend, real

pytestmark = real


def said(lab: Lab, host: str, *command: str) -> str:
    answer = lab.ssh(host, command)
    assert answer.ok, f"{host}: {command}: {answer}"
    return answer.out.strip()


def address(lab: Lab, host: str) -> str:
    return lab.host(host).address


def get(url: str, context: ssl.SSLContext | None = None) -> str:
    with urllib.request.urlopen(url, timeout=5, context=context) as answer:
        return str(answer.read().decode())


def test_every_host_is_on_and_sound(lab: Lab) -> None:
    assert [(one.name, one.power, one.systemd, one.sshd, one.broken) for one in status_of(lab)] == [
        (host.name, "on", "running", "answers", ()) for host in lab.hosts
    ]


def test_systemd_is_the_first_process_and_the_host_has_its_own_name(lab: Lab) -> None:
    for host in lab.hosts:
        assert said(lab, host.name, "cat", "/proc/1/comm") == "systemd"
        assert said(lab, host.name, "hostname") == host.name


def test_ssh_knows_the_hosts_and_comes_in_as_an_account_that_may_become_root(lab: Lab) -> None:
    assert lab.ssh("web1", ["id", "-un"], sudo=False).out == "ansible\n"
    assert said(lab, "web1", "id", "-un") == "root"
    good = lab.folder.known_hosts.read_text()
    try:
        lab.folder.known_hosts.write_text("")
        assert lab.ssh("web1", ["true"]).code == 255
    finally:
        lab.folder.known_hosts.write_text(good)


def test_without_ssh_there_is_a_way_in(lab: Lab) -> None:
    assert lab.inside("web1", ["hostname"]).out == "web1\n"
    assert lab.inside("web1", ["cat"], stdin="hello").out == "hello"
    with pytest.raises(BadInput, match="has no host 'web9'"):
        lab.inside("web9", ["true"])


def test_the_web_application_answers_through_the_load_balancer(lab: Lab) -> None:
    assert get(f"http://{address(lab, 'lb1')}/").startswith("Welcome from instance ")
    assert get(f"http://{address(lab, 'lb1')}/alive")
    states = {
        line.split(",")[1]: line.split(",")[17]
        for line in get(f"http://{address(lab, 'lb1')}:8404/stats;csv").splitlines()
    }
    assert [states[f"web1-{number}"].split()[0] for number in (1, 2, 3, 4)] == ["UP", "UP", "DOWN", "DOWN"]


def test_tls_is_served_with_a_certificate_of_the_labs_ca_and_can_be_renewed(lab: Lab) -> None:
    trust = ssl.create_default_context(cafile=str(lab.folder.shared / "ca" / "ca.crt"))
    url = f"https://{address(lab, 'web1')}:8443/"
    assert get(url, trust).startswith("Welcome")
    before = ssl.get_server_certificate((address(lab, "web1"), 8443))
    said(lab, "web1", "renew-certificate")
    assert get(url, trust).startswith("Welcome")
    assert ssl.get_server_certificate((address(lab, "web1"), 8443)) != before


def test_names_are_known_on_every_host(lab: Lab) -> None:
    for host in lab.hosts:
        assert said(lab, host.name, "getent", "ahostsv4", "web1.lab.internal").split()[0] in (
            address(lab, "web1"),
            "127.0.1.1",
        )


def test_the_database_has_its_orders(lab: Lab) -> None:
    query = ["runuser", "-u", "postgres", "--", "psql", "-tAc", "SELECT count(*) FROM orders", "shop"]
    assert said(lab, "db1", *query) == "100"


@pytest.mark.parametrize("host", ["web1", "db1"])
def test_there_is_a_backup_and_it_holds_the_data(lab: Lab, host: str) -> None:
    script = "set -a; . /etc/restic/env; restic --quiet dump latest /srv/data/README"
    assert said(lab, host, "sh", "-c", script) == f"What {host} must not lose."


def test_data_has_a_file_system_of_its_own_that_comes_back(lab: Lab) -> None:
    assert said(lab, "web1", "findmnt", "-no", "FSTYPE", "/srv/data") == "ext4"
    said(lab, "web1", "umount", "/srv/data")
    assert said(lab, "web1", "ls", "/srv/data") == ""
    said(lab, "web1", "mount", "/srv/data")
    assert said(lab, "web1", "cat", "/srv/data/README") == "What web1 must not lose."


def test_the_disk_is_the_hosts_own(lab: Lab) -> None:
    size = int(said(lab, "web1", "df", "--output=size", "--block-size=1M", "/").split()[-1])
    assert 400 < size < 513


def test_the_firewall_lets_in_what_is_offered_and_drops_the_rest(lab: Lab) -> None:
    rules = said(lab, "web1", "nft", "list", "ruleset")
    assert "policy drop" in rules
    assert "set fleetmend_block" in rules
    probe = f"timeout 2 bash -c '</dev/tcp/{address(lab, 'web1')}/%d'"
    assert lab.ssh("lb1", ["bash", "-c", probe % 8081]).code == 0
    with_server = "python3 -m http.server 9999 >/dev/null 2>&1 & sleep 0.5; echo $!"
    pid = said(lab, "web1", "sh", "-c", with_server)
    try:
        assert lab.ssh("lb1", ["bash", "-c", probe % 9999]).code == 124
    finally:
        said(lab, "web1", "kill", pid)


def test_the_clock_is_compared_and_not_set(lab: Lab) -> None:
    answer = said(lab, "web1", "chronyc", "-n", "waitsync", "20", "1")
    assert answer
    assert address(lab, "lb1") in said(lab, "web1", "chronyc", "-n", "tracking")


def test_packages_come_from_the_hosts_own_archive(lab: Lab) -> None:
    assert said(lab, "web1", "labtool") == "labtool 1.1"
    said(lab, "web1", "apt-get", "-qq", "update")
    said(lab, "web1", "dpkg", "--install", "/srv/apt/pool/labtool_1.0_all.deb")
    offered = said(lab, "web1", "apt-get", "--simulate", "upgrade")
    assert "Inst labtool [1.0] (1.1 Debian-Security:" in offered
    said(lab, "web1", "apt-get", "-qq", "upgrade")
    assert said(lab, "web1", "labtool") == "labtool 1.1"


def test_fleetmend_finds_the_fleet_ready(lab: Lab, tmp_path: Path) -> None:
    done = fleetmend("fleets", "check", FLEETMEND_CONTENT=str(lab.content), FLEETMEND_STATE=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("reached as root") == len(lab.hosts)
