"""The module nft_block: which addresses are never blocked."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

SOURCE = Path(__file__).resolve().parents[2] / "roles" / "address_block" / "library" / "nft_block.py"
spec = importlib.util.spec_from_file_location("nft_block", SOURCE)
assert spec and spec.loader
block: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(block)

TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
        |-- 10.0.0.0
           /24 link UNICAST
        |-- 10.0.0.11
           /32 host LOCAL
        |-- 10.0.0.255
           /32 link BROADCAST
"""
SIX = "fd000000000000000000000000000011 02 40 00 80 eth0\n"
ROUTES = "Iface\tDestination\tGateway\nhost0\t00000000\t0100000A\nhost0\t0000000A\t00000000\n"


def names(known: dict[str, str]) -> Any:
    def ask(name: str, *rest: Any, **more: Any) -> list[Any]:
        if name not in known:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (known[name], 0))]

    return ask


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "169.254.1.1", "::1", "::", "fe80::1", "ff02::1"]
)
def test_what_is_no_machine_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(block.Refused):
        block.check_single(block.parse(text))


@pytest.mark.parametrize("text", ["203.0.113.6", "10.1.2.3", "2001:db8::1", "fd00::1"])
def test_a_machine_elsewhere_passes(text: str) -> None:
    block.check_single(block.parse(text))


@pytest.mark.parametrize("text", ["", "10.0.0.0/8", "web1", "1.2.3", "1.2.3.4 drop", "{{ x }}"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(block.Refused, match="is no address"):
        block.parse(text)


def test_an_address_in_other_writing_is_the_same() -> None:
    assert str(block.parse("::ffff:203.0.113.6")) == "203.0.113.6"
    assert str(block.parse("2001:DB8:0::1")) == "2001:db8::1"


def test_what_the_inventory_protects_is_refused_and_so_is_a_slip_in_it() -> None:
    address = block.parse("198.51.100.7")
    block.check_never(address, ["198.51.101.0/24", "2001:db8::/32"])
    with pytest.raises(block.Refused, match="never blocked"):
        block.check_never(address, ["198.51.100.1/24"])
    with pytest.raises(block.Refused, match="neither an address nor a network"):
        block.check_never(address, ["the office"])


def test_hosts_of_the_fleet_are_refused_by_address_and_by_name() -> None:
    fleet = {"web1": "10.0.0.11", "web2": "web2.example.net", "web3": ""}
    ask = names({"web2.example.net": "10.0.0.12", "web3": "10.0.0.13"})
    block.check_fleet(block.parse("203.0.113.6"), fleet, ask)
    for text, host in (("10.0.0.11", "web1"), ("10.0.0.12", "web2"), ("::ffff:10.0.0.13", "web3")):
        with pytest.raises(block.Refused, match=f"is {host} of this fleet"):
            block.check_fleet(block.parse(text), fleet, ask)


def test_a_host_that_nobody_can_find_might_be_it() -> None:
    with pytest.raises(block.Refused, match=r"the address of web9 is not known .* so it might be its"):
        block.check_fleet(block.parse("203.0.113.6"), {"web9": ""}, names({}))


def test_own_addresses_and_gateways_are_read_from_proc() -> None:
    assert {str(one) for one in block.local_addresses(TRIE, SIX)} == {"10.0.0.11", "fd00::11"}
    assert {str(one) for one in block.gateways(ROUTES)} == {"10.0.0.1"}


def test_rules_are_added_once() -> None:
    address = block.parse("203.0.113.6")
    first = block.commands_to_block([], address, 60)
    assert first.count("add rule") == 2 and "blocked4 { 203.0.113.6 timeout 60m }" in first
    there = [("rule", {"expr": [{"match": {"right": f"@{name}"}}]}) for name in ("blocked4", "blocked6")]
    assert "add rule" not in block.commands_to_block(there, address, 60)


@given(st.ip_addresses())
def test_every_address_is_itself_in_the_set_that_it_is_in(address: Any) -> None:
    name = block.FAMILY[address.version][0]
    table = [("set", {"name": name, "elem": [{"elem": {"val": str(address), "timeout": 60}}]})]
    assert block.is_blocked(table, address)
    assert not block.is_blocked([("set", {"name": name})], address)
