"""When a fleet must be asked anew: whenever something else than its files could answer differently."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fleets.inputs import depends_on_files_alone, digest_of_inputs
from tests.unit.content import write

QUIET = ["plain", 5, None, {"a": ["{{ b }}", "{{ b.c[0] | default('x') }}"]}, "{{ 'x' if y is defined else z }}"]
OTHERWISE = [
    "{{ lookup('env', 'X') }}",
    "{{ query('file', 'x') }}",
    "{{ q('pipe', 'x') }}",
    "{{ now() }}",
    "{{ ['a', 'b'] | random }}",
    "{{ '/etc/*' | fileglob }}",
    "{{ '/etc/x' is file }}",
    "{{ names | map('fileglob') }}",
    "{% set l = lookup %}{{ x }}",
    {"deep": [{"deeper": "{{ lookup('url', 'x') }}"}]},
]


def alone(source: Path, *values: Any, **environment: str) -> bool:
    return depends_on_files_alone([source], {"HOME": str(source.parent), **environment}, values)


def test_files_with_quiet_templates_answer_the_same(tmp_path: Path) -> None:
    assert alone(write(tmp_path / "hosts.yml", "all: {}\n"), *QUIET)


@pytest.mark.parametrize("value", OTHERWISE, ids=str)
def test_a_template_that_looks_elsewhere_may_not(tmp_path: Path, value: Any) -> None:
    assert not alone(write(tmp_path / "hosts.yml", "all: {}\n"), *QUIET, value)


@pytest.mark.parametrize(
    "content", ["plugin: amazon.aws.aws_ec2\n", '{"plugin": "x"}', "plugin = 'x'\n", "#!/bin/sh\n"]
)
def test_a_plugin_or_a_script_may_not(tmp_path: Path, content: str) -> None:
    assert not alone(write(tmp_path / "hosts.yml", content))


def test_an_executable_among_the_sources_may_not(tmp_path: Path) -> None:
    write(tmp_path / "inventory" / "hosts.yml", "all: {}\n")
    assert alone(tmp_path / "inventory")
    write(tmp_path / "inventory" / "cloud", "print()").chmod(0o755)
    assert not alone(tmp_path / "inventory")


@pytest.mark.parametrize("name", ["ANSIBLE_INVENTORY_ENABLED", "ANSIBLE_VARS_PLUGINS"])
def test_settings_that_bring_code_in_may_not(tmp_path: Path, name: str) -> None:
    source = write(tmp_path / "hosts.yml", "all: {}\n")
    assert not alone(source, **{name: "x"})
    config = write(tmp_path / "ansible.cfg", "[inventory]\nenable_plugins = own\n")
    assert not alone(source, ANSIBLE_CONFIG=str(config))


def test_what_lies_beside_a_source_counts_through_links_too(tmp_path: Path) -> None:
    folder = tmp_path / "prod"
    source = write(tmp_path / "shared" / "hosts.yml", "all: {}\n")
    elsewhere = write(tmp_path / "elsewhere" / "all.yml", "a: 1\n")
    (source.parent / "group_vars").symlink_to(elsewhere.parent)
    write(folder / "fleet.yml", "mode: auto\n")

    def digest() -> str:
        return digest_of_inputs(folder, [source], None)

    before = digest()
    assert digest() == before
    elsewhere.write_text("a: 2\n")
    changed = digest()
    assert changed != before
    write(source.parent / "host_vars" / "web1.yml", "a: 1\n")
    assert digest() != changed


def test_a_link_that_leads_back_ends(tmp_path: Path) -> None:
    source = write(tmp_path / "inventory" / "hosts.yml", "all: {}\n")
    (source.parent / "group_vars").symlink_to(source.parent)
    assert digest_of_inputs(tmp_path, [source.parent], None)
