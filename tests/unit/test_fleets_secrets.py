"""Which values of an inventory are secret, and which variables Ansible is asked to evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fleets.programs import why_it_failed
from fleets.rendering import has_template, has_vault
from fleets.secrets import secret_values, vaulted_files, vaulted_variables
from tests.unit.content import write

VAULT = {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n3132\n"}

NESTED = {"a": ["first", {"b": "second"}]}
LOGIN = {"user": "alice", "password": "hunter22"}

CASES: list[tuple[str, Any, Any, bool, set[str]]] = [
    ("plain", "hello", "hello", False, set()),
    ("secret name", "hunter22", "hunter22", True, {"hunter22"}),
    ("too short", "abc", "abc", True, set()),
    ("a number", 123456, 123456, True, {"123456"}),
    ("a truth value", True, True, True, set()),
    ("nested under a secret name", NESTED, NESTED, True, {"first", "second"}),
    ("secret key inside", LOGIN, LOGIN, False, {"hunter22"}),
    ("vaulted", VAULT, "hunter22", False, {"hunter22"}),
    ("vaulted inside", {"a": [1, VAULT], "b": "open"}, {"a": [1, "hunter22"], "b": "open"}, False, {"hunter22"}),
    ("vaulted, not evaluated", VAULT, VAULT, False, set()),
]


@pytest.mark.parametrize(("raw", "rendered", "secret", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_secret_values(raw: Any, rendered: Any, secret: bool, expected: set[str]) -> None:
    assert set(secret_values(raw, rendered, secret=secret)) == expected


def test_templates_and_vaults_are_found_anywhere() -> None:
    assert all(map(has_template, ["{{ x }}", ["{% if x %}"], {"a": {"b": "x{{ y }}"}}, {"{{ k }}": 1}]))
    assert not any(map(has_template, ["{ x }", 5, None, {"a": ["b"]}]))
    assert all(map(has_vault, [VAULT, [VAULT], {"a": {"b": VAULT}}]))
    assert not any(map(has_vault, ["$ANSIBLE_VAULT;", {"a": "b"}, 5]))


def test_vaulted_files_are_found_where_variables_live(tmp_path: Path) -> None:
    source = write(tmp_path / "hosts.yml", "all: {}")
    header = "$ANSIBLE_VAULT;1.1;AES256\n3132\n"
    for name in ("group_vars/all/vault.yml", "host_vars/web1.yml", "files/cert.pem", "other.yml"):
        write(tmp_path / name, header)
    write(tmp_path / "group_vars/all/main.yml", "x: 1")
    found = [path.relative_to(tmp_path).as_posix() for path in vaulted_files([source])]
    assert found == ["group_vars/all/vault.yml", "host_vars/web1.yml"]


def test_variables_of_vaulted_files() -> None:
    views = {
        Path("a"): "---\nvault_a: secret-a\nnested: {x: [deep-one, 'ab'], y: 12345}\nport: 8080\n",
        Path("b"): "b: !unsafe 'unsafe-{{b}}'\n",
        Path("c"): "[web]\nweb1\n",
    }
    names, texts = vaulted_variables(list(views), views.__getitem__)
    assert names == {"vault_a", "nested", "port", "b"}
    assert texts == {"secret-a", "deep-one", "unsafe-{{b}}"}


FAILURES: list[tuple[str, str]] = [
    ("[WARNING]: x\n[ERROR]: first\n[ERROR]: The file /x was not found\n", "The file /x was not found"),
    ("ERROR! old style\n", "old style"),
    ("just words\n\n", "just words"),
    ("", "nothing"),
    ("[WARNING]: Failed to parse inventory with x: bad\n[ERROR]: No\n", "No (Failed to parse inventory with x: bad)"),
    ("[ERROR]: login with password=hunter22 failed\n", "login with password=«redacted» failed"),
]


@pytest.mark.parametrize(("text", "reason"), FAILURES)
def test_the_reason_is_one_redacted_line(text: str, reason: str) -> None:
    assert why_it_failed(text) == reason
