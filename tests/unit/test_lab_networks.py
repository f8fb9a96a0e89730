"""Addresses and names of a lab, without making one."""

from __future__ import annotations

import pytest

from core.errors import BadInput
from lab.layout import read_layout
from lab.networks import MOST_HOSTS, Network, Used, addresses, choose_network, controller
from lab.record import LabRecord, plan_lab, read_record, write_record

NETWORK = Network("10.213.0.0/24")
HOME = Used(Network("192.168.1.0/24"), "eth0")


def plan(name: str = "lab", hosts: tuple[str, ...] = ("web1", "lb1", "web2")) -> LabRecord:
    return plan_lab(name, "base", NETWORK, read_layout().choose(hosts))


def test_the_first_free_network_is_taken() -> None:
    assert choose_network([HOME]) == NETWORK
    assert choose_network([HOME, Used(NETWORK, "fm-lab")]) == Network("10.213.1.0/24")
    assert choose_network([Used(Network("10.213.0.128/25"), "tun0")]) == Network("10.213.1.0/24")


def test_a_machine_that_uses_the_whole_pool_is_told_by_what() -> None:
    with pytest.raises(
        BadInput, match=r"--network: every network of 10\.213\.0\.0/16 clashes with tun0 \(10\.0\.0\.0/8\)"
    ):
        choose_network([HOME, Used(Network("10.0.0.0/8"), "tun0")])


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("192.168.0.0/16", r"192\.168\.0\.0/16 clashes with eth0 \(192\.168\.1\.0/24\)"),
        ("192.168.1.0/24", "clashes with eth0"),
        ("8.8.8.0/24", "a private network of /24 or larger is needed"),
        ("10.9.0.0/30", "a private network of /24 or larger is needed"),
        ("10.9.0.1/24", "not an IPv4 network such as"),
        ("fd00::/64", "not an IPv4 network such as"),
        ("ten", "not an IPv4 network such as"),
    ],
)
def test_a_network_that_wont_do_is_refused(wanted: str, words: str) -> None:
    with pytest.raises(BadInput, match=rf"^--network: .*{words}"):
        choose_network([HOME], wanted)


def test_a_network_that_is_free_is_taken_as_it_was_given() -> None:
    assert choose_network([HOME], "10.99.0.0/16") == Network("10.99.0.0/16")


def test_every_host_has_its_own_address_and_none_is_the_controllers() -> None:
    every = list(addresses(NETWORK))
    assert len(set(every)) == MOST_HOSTS
    assert controller(NETWORK) == "10.213.0.1"
    assert controller(NETWORK) not in every
    assert [host.address for host in plan().hosts] == ["10.213.0.11", "10.213.0.12", "10.213.0.13"]


def test_a_load_balancer_answers_for_names_or_else_the_first_host() -> None:
    assert plan().nameserver.name == "lb1"
    assert plan(hosts=("web2", "web1")).nameserver.name == "web2"


def test_names_in_the_kernel_fit_and_differ_between_labs() -> None:
    lab, other = plan("longest"), plan("l")
    hosts = tuple(f"web{number}" for number in range(1, 150))
    many = plan("longest", hosts)
    assert max(len(name) for name in (many.bridge, *map(many.cable, many.hosts))) <= 15
    assert lab.bridge != other.bridge
    assert not lab.namespace(lab.hosts[0]).startswith(f"{other.bridge}-")


@pytest.mark.parametrize("name", ["", "Lab", "my-lab", "1st", "../lab", "longerthan7"])
def test_a_labs_name_is_short_and_plain(name: str) -> None:
    with pytest.raises(BadInput, match="--name: a lab's name is a letter and up to six more"):
        plan(name)


def test_too_many_hosts_are_refused() -> None:
    with pytest.raises(BadInput, match="--hosts: 201 hosts are too many"):
        plan(hosts=tuple(f"web{number}" for number in range(1, 202)))


def test_a_host_is_found_by_name_or_those_that_there_are_are_named() -> None:
    assert plan().host("lb1").group == "lb"
    with pytest.raises(BadInput, match="the lab 'lab' has no host 'db1'; it has web1, lb1, web2"):
        plan().host("db1")


def test_a_record_comes_back_as_it_was_written(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "labs" / "lab" / "lab.json"
    assert read_record(path) is None
    write_record(path, plan())
    assert read_record(path) == plan()
    path.write_text(path.read_text()[:40])
    assert read_record(path) is None, "the beginning of a record is no record"
