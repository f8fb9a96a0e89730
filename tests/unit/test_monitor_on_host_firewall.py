"""The firewall probe, and that the remedy compares rulesets just as it does."""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from monitor.on_host import firewall

SOURCE = Path(__file__).resolve().parents[2] / "roles" / "firewall_restore" / "library" / "nft_baseline.py"
spec = importlib.util.spec_from_file_location("nft_baseline", SOURCE)
assert spec and spec.loader
module: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

DEPORT = {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 22}}
RULES = [
    {"family": "inet", "table": "filter", "chain": "input", "handle": 5, "expr": [DEPORT, {"accept": None}]},
    {
        "family": "inet",
        "table": "filter",
        "chain": "input",
        "handle": 6,
        "expr": [{"counter": {"packets": 1, "bytes": 60}}, {"drop": None}],
    },
]
CHAIN = {"family": "inet", "table": "filter", "name": "input", "handle": 1, "type": "filter", "policy": "drop"}
BANNED = {"family": "inet", "table": "filter", "name": "banned", "type": "ipv4_addr", "flags": ["timeout"]}
KNOWN = {"family": "inet", "table": "filter", "name": "known", "type": "ipv4_addr", "elem": ["10.0.0.1", "10.0.0.2"]}


def ruleset() -> dict[str, Any]:
    document = [
        {"metainfo": {"version": "1.0.6"}},
        {"table": {"family": "inet", "name": "filter", "handle": 1}},
        {"set": BANNED},
        {"set": KNOWN},
        {"chain": CHAIN},
        *({"rule": rule} for rule in RULES),
    ]
    return {"nftables": copy.deepcopy(document)}


def changed(place: int, kind: str, **change: Any) -> dict[str, Any]:
    document = ruleset()
    document["nftables"][place][kind].update(change)
    return document


def without(place: int) -> dict[str, Any]:
    document = ruleset()
    del document["nftables"][place]
    return document


def with_more(*items: dict[str, Any]) -> dict[str, Any]:
    document = ruleset()
    document["nftables"] += items
    return document


SAME = {
    "handles": changed(5, "rule", handle=99),
    "counters": changed(6, "rule", expr=[{"counter": {"packets": 7, "bytes": 420}}, {"drop": None}]),
    "elements of a set with a timeout": changed(2, "set", elem=[{"elem": {"val": "192.0.2.1", "expires": 9}}]),
    "the order of elements": changed(3, "set", elem=["10.0.0.2", "10.0.0.1"]),
    "a table of somebody else": with_more({"table": {"family": "ip", "name": "nat", "handle": 9}}),
}
DRIFT = {
    "a policy": (changed(4, "chain", policy="accept"), "inet filter: chain input differs"),
    "a rule that is missing": (without(6), "inet filter: chain input differs"),
    "an element": (changed(3, "set", elem=["10.0.0.1"]), "inet filter: set known differs"),
    "a set that is missing": (without(3), "inet filter: set known is missing"),
    "a table": (with_more({"table": {"family": "inet", "name": "x", "handle": 9}}), "table inet x is too many"),
    "no rule at all": ({"nftables": []}, "table inet filter is missing"),
}


@pytest.mark.parametrize("ours", [firewall, module], ids=["probe", "remedy"])
@pytest.mark.parametrize("other", SAME.values(), ids=SAME)
def test_what_changes_by_itself_is_no_drift(ours: Any, other: dict[str, Any]) -> None:
    wanted = ours.tables_of(ruleset(), set())
    assert ours.differences(ours.tables_of(other, {"ip nat"}), wanted) == []


@pytest.mark.parametrize("ours", [firewall, module], ids=["probe", "remedy"])
@pytest.mark.parametrize(("other", "said"), DRIFT.values(), ids=DRIFT)
def test_what_lets_other_packets_through_is_drift(ours: Any, other: dict[str, Any], said: str) -> None:
    wanted = ours.tables_of(ruleset(), set())
    assert ours.differences(ours.tables_of(other, set()), wanted) == [said]


def test_the_order_of_rules_counts() -> None:
    document = ruleset()
    document["nftables"][5], document["nftables"][6] = document["nftables"][6], document["nftables"][5]
    found = firewall.differences(firewall.tables_of(document, set()), firewall.tables_of(ruleset(), set()))
    assert found == ["inet filter: chain input differs"]


def test_a_limit_is_no_counter() -> None:
    limit = {"limit": {"rate": 5, "burst": 5, "bytes": 10, "per": "minute"}}
    assert firewall.lasting(limit) == module.lasting(limit) == limit


def answered(monkeypatch: pytest.MonkeyPatch, present: dict[str, Any]) -> None:
    def run(words: tuple[str, ...], **rest: Any) -> subprocess.CompletedProcess[bytes]:
        shown = ruleset() if words[0] == "unshare" else present
        return subprocess.CompletedProcess(words, 0, json.dumps(shown).encode(), b"")

    monkeypatch.setattr(firewall.subprocess, "run", run)


def entry(path: Path, content: bytes = b"table inet filter {}") -> dict[str, Any]:
    expected = hashlib.sha256(content).hexdigest()
    return {"path": str(path), "baseline": content.decode(), "expected": expected, "ignore": ["inet fleetmend"]}


def test_the_probe_says_where_it_differs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "nftables.conf"
    path.write_bytes(b"table inet filter {}")
    answered(monkeypatch, ruleset())
    (item,) = firewall.probe({"firewall": {"base": entry(path)}})
    assert item["value"] == 0 and item["evidence"] == {"differences": 0, "file": "same"}
    answered(monkeypatch, without(5))
    (item,) = firewall.probe({"firewall": {"base": entry(path)}})
    assert item["value"] == 1 and item["evidence"]["first"] == "inet filter: chain input differs"


def test_a_file_that_would_be_loaded_at_the_next_start_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answered(monkeypatch, ruleset())
    (item,) = firewall.probe({"firewall": {"base": entry(tmp_path / "gone.conf")}})
    assert (item["value"], item["evidence"]["file"]) == (1, "missing")


def test_a_host_without_nftables_is_a_problem_and_no_drift(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(firewall, "PATH", str(tmp_path))
    (item,) = firewall.probe({"firewall": {"base": entry(tmp_path / "x")}})
    assert item["problem"].startswith("base: the baseline can't be loaded: there is no unshare on this host")
