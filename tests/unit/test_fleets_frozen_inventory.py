"""Which variables a run gets: those that can matter to it, and no others; what is there is hashed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.fleets import Fleet, Host
from fleets.frozen_inventory import Mentions, freeze_inventory, given_to_ansible, mentions_in
from tests.planning import make_fleet

NONE = Mentions(frozenset())
VARIABLES: dict[str, Any] = {
    "ansible_host": "192.0.2.1",
    "ansible_password": "{{ vault_login }}",
    "vault_login": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n3031\n"},
    "app_port": "{{ base_port + 1 }}",
    "base_port": 8000,
    "launched_at": "2026-11-29T16:00:00Z",
}


def kept(mentions: Mentions, variables: dict[str, Any] = VARIABLES, **given: Any) -> set[str]:
    return set(given_to_ansible(Host(name="h1", variables=variables, given=given), mentions, connection=True))


def test_the_connection_and_what_it_refers_to_are_always_there() -> None:
    assert kept(NONE) == {"ansible_host", "ansible_password", "vault_login"}


def test_what_a_remedy_mentions_is_there_with_what_that_refers_to() -> None:
    assert kept(mentions_in(["port: '{{ app_port }}'"])) - kept(NONE) == {"app_port", "base_port"}


@pytest.mark.parametrize(
    "text",
    [
        "{{ vars['app' ~ '_port'] }}",
        "{{ lookup('vars', name) }}",
        "{{ query('ansible.builtin.varnames', '.') }}",
        "dict(vars)",
    ],
)
def test_where_names_are_made_up_everything_is_there(text: str) -> None:
    assert kept(mentions_in([text])) == VARIABLES.keys()


def test_variables_of_a_task_are_no_made_up_names() -> None:
    assert not mentions_in(["  vars:\n    x: 1\n  vars :\n"]).made_up


def test_text_that_is_no_template_refers_to_nothing() -> None:
    variables = VARIABLES | {"ansible_user": "{{ launched_at }}"}
    assert "launched_at" in kept(NONE, variables)
    assert "launched_at" not in kept(NONE, variables, ansible_user={"__ansible_unsafe": "{{ launched_at }}"})


def fleet(**changes: Any) -> Fleet:
    hosts = {
        "web1": {"ansible_host": "192.0.2.1", "a": 1},
        "web2": {"ansible_host": "192.0.2.2", "a": 2},
        "lb1": {"ansible_host": "192.0.2.9", "a": 9},
    }
    hosts |= changes
    return make_fleet(*(Host(name=name, groups=("all", "web"), variables=found) for name, found in hosts.items()))


def test_only_the_hosts_of_the_plan_are_there_unless_a_remedy_looks_elsewhere() -> None:
    content = json.loads(freeze_inventory(fleet(), ["web1"], ["lb1"], NONE).content)
    assert content["all"]["hosts"] == {"web1": {"ansible_host": "192.0.2.1"}, "lb1": {"ansible_host": "192.0.2.9"}}
    assert content["all"]["children"] == {"web": {"hosts": {"web1": {}, "lb1": {}}}}
    everywhere = mentions_in(["{{ hostvars[other].a }}"])
    content = json.loads(freeze_inventory(fleet(), ["web1"], [], everywhere).content)
    assert content["all"]["hosts"]["web2"] == {"a": 2}
    assert list(content["all"]["hosts"]) == ["web1", "web2", "lb1"]


def test_a_change_elsewhere_counts_only_where_it_can_matter() -> None:
    moved = fleet(web2={"ansible_host": "192.0.2.3", "a": 2})
    assert freeze_inventory(fleet(), ["web1"], [], NONE).parts == freeze_inventory(moved, ["web1"], [], NONE).parts
    looks = mentions_in(["{{ groups['web'] | map('extract', hostvars, 'ansible_host') }}"])
    before, after = (
        freeze_inventory(fleet(), ["web1"], [], looks).parts,
        freeze_inventory(moved, ["web1"], [], looks).parts,
    )
    assert {name for name in before if before[name] != after[name]} == {"other hosts"}


@given(
    st.dictionaries(st.sampled_from(sorted(VARIABLES)), st.integers() | st.text("ab{}", max_size=3), min_size=1),
    st.sets(st.sampled_from(sorted(VARIABLES))),
)
def test_whatever_is_there_is_hashed(changes: dict[str, Any], words: set[str]) -> None:
    """The law: two inventories that differ in what Ansible gets differ in their digests."""
    mentions = Mentions(frozenset(words))
    one = freeze_inventory(make_fleet(Host(name="h1", variables=VARIABLES)), ["h1"], [], mentions)
    other = freeze_inventory(make_fleet(Host(name="h1", variables=VARIABLES | changes)), ["h1"], [], mentions)
    assert (one.content == other.content) == (one.parts == other.parts)
