"""Inventories resolved by real Ansible: sources, Jinja, vaults, secrets, and what is said when it can't."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput
from core.fleets import Fleet
from fleets.source import FleetSource
from tests.unit.content import own_environment, write, write_fleet

pytestmark = pytest.mark.ansible


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return tmp_path / "content"


def get(content: Path, name: str = "prod") -> Fleet:
    state = content.parent / "state"
    state.mkdir(exist_ok=True)
    return FleetSource(content, environment=own_environment(content, state)).get(name)


def vault(path: Path, text: str, *, password_file: Path) -> str:
    """Return *text* vaulted, by way of *path*."""
    write(path, text)
    program = Path(sys.executable).parent / "ansible-vault"
    environment = {"LC_ALL": "C.UTF-8", "HOME": str(path.parent), "PATH": "/usr/bin:/bin"}
    command = [str(program), "encrypt", "--vault-password-file", str(password_file), str(path)]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    return path.read_text()


def inline(vaulted: str) -> str:
    """A vaulted text as the value of a variable."""
    return "!vault |\n" + "".join(f"      {line}\n" for line in vaulted.splitlines())


def test_a_plain_inventory(content: Path) -> None:
    inventory = {
        "web": {"hosts": {"web1": {"n": 1}, "web2": {}}, "vars": {"fleetmend_services": {"web": {}}}},
        "db": {"hosts": {"db1": {"ansible_host": "10.0.0.9"}}},
    }
    folder = write_fleet(content, inventory=inventory, file={"policy": {"never": []}, "budget": {"concurrent_runs": 3}})
    write(folder / "group_vars/all.yml", {"colour": "blue"})
    write(folder / "files/app.conf", "this is no inventory\n")
    fleet = get(content)
    assert fleet.host_names == ("web1", "web2", "db1")
    web1, db1 = fleet.host("web1"), fleet.host("db1")
    assert web1 is not None
    assert db1 is not None
    assert web1.groups == ("all", "web")
    assert web1.variables["colour"] == "blue"
    assert web1.names_in("fleetmend_services") == ("web",)
    assert db1.variables["ansible_host"] == "10.0.0.9"
    assert fleet.secrets == frozenset()


def test_scripts_and_several_sources(content: Path) -> None:
    folder = write_fleet(content, file={"inventory": ["hosts.yml", "more.py"]})
    script = write(folder / "more.py", f'#!{sys.executable}\nprint(\'{{"dyn": {{"hosts": ["dyn1"]}}}}\')\n')
    script.chmod(0o755)
    assert get(content).host_names == ("web1", "dyn1")


def test_jinja_vaults_and_secrets(content: Path, tmp_path: Path) -> None:
    password = write(tmp_path / "pw", "open sesame\n")
    inventory = {
        "web": {
            # Nothing listens there: a fleet resolves while its hosts are down.
            "hosts": {"web1": {"octet": 7}, "web2": {"octet": 8, "ansible_password": "{{ vault_login }}-2"}},
            "vars": {
                "ansible_host": "192.0.2.{{ octet }}",
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                "fleetmend_http": {
                    "web": {"url": "http://u:{{ inline_secret }}@{{ ansible_host }}/{{ inventory_hostname }}"}
                },
                "api_token": "tok-plain-1",
                "settings": {"user": "alice", "db_password": "nested-plain"},
                "unrelated": "{{ not_defined_anywhere }}",
                "broken_password": "{{ not_defined_either }}",
            },
        }
    }
    folder = write_fleet(content, inventory=inventory)
    write(folder / "ansible.cfg", f"[defaults]\nvault_password_file = {password}\nstdout_callback = oneline\n")
    one = vault(tmp_path / "one", "s3cret-inline", password_file=password)
    write(folder / "group_vars/all/main.yml", f"inline_secret: {inline(one)}")
    vault(
        folder / "group_vars/all/vault.yml",
        "vault_login: s3cret-file\nharmless: [whole-file, {x: 'made-of-{{ octet }}'}]\nn: 5\n",
        password_file=password,
    )
    fleet = get(content)
    web2 = fleet.host("web2")
    assert web2 is not None
    assert web2.variables["ansible_host"] == "192.0.2.8"
    assert Path(web2.variables["ansible_python_interpreter"]).parent == Path(sys.executable).parent
    assert web2.variables["fleetmend_http"] == {"web": {"url": "http://u:s3cret-inline@192.0.2.8/web2"}}
    assert web2.variables["unrelated"] == "{{ not_defined_anywhere }}"
    assert web2.variables["ansible_password"] == "{{ vault_login }}-2", "a password is not spread any further"
    assert "s3cret-inline" not in str(web2.variables["inline_secret"])
    expected = {"s3cret-inline", "s3cret-file", "s3cret-file-2", "whole-file", "tok-plain-1", "nested-plain"}
    assert expected | {"made-of-7", "made-of-8"} <= fleet.secrets
    assert not {"alice", "192.0.2.8"} & fleet.secrets
    assert "s3cret" not in repr(fleet)


FAILING: list[tuple[str, dict[str, Any], str]] = [
    ("no host", {"hosts.yml": {"all": {"hosts": {}}}}, "resolves to no host"),
    ("no inventory", {"hosts.yml": None}, "resolves to no host"),
    ("broken YAML", {"hosts.yml": "all: {hosts: [\n"}, "ansible-inventory says: Completely failed to parse inventory"),
    ("broken beside a good one", {"more.yml": "all: {hosts: [\n"}, "more.yml"),
    ("pattern as a host", {"hosts.yml": {"web": {"hosts": {"web*": {}}}}}, "could be read as a pattern"),
    ("host like a group", {"hosts.yml": {"web": {"hosts": {"web": {}}}}}, "is the name of a host and of a group"),
    (
        "undefined in ours",
        {"host_vars/web1.yml": {"fleetmend_http": {"web": {"url": "{{ nope }}"}}}},
        "fleetmend_http: host web1: it can't be evaluated: 'nope' is undefined",
    ),
    (
        "no vault password",
        {"group_vars/all.yml": "$ANSIBLE_VAULT;1.1;AES256\n31323334\n"},
        "ansible-inventory says: ",
    ),
]


@pytest.mark.parametrize(("files", "message"), [case[1:] for case in FAILING], ids=[case[0] for case in FAILING])
def test_what_is_said_when_an_inventory_can_not_be_used(content: Path, files: dict[str, Any], message: str) -> None:
    folder = write_fleet(content)
    for name, text in files.items():
        if text is None:
            (folder / name).unlink()
        else:
            write(folder / name, text)
    with pytest.raises(BadInput) as caught:
        get(content)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_broken_value_does_not_hide_the_other_secrets(content: Path) -> None:
    variables = {"good_password": "{{ 'pass' ~ 'word-1' }}", "bad_password": "{{ lookup('file', '/no/such/file') }}"}
    write_fleet(content, inventory={"web": {"hosts": {"web1": variables, "web2": variables}}})
    fleet = get(content)
    assert fleet.host_names == ("web1", "web2")
    assert "password-1" in fleet.secrets


def test_a_source_that_hangs_is_ended(content: Path) -> None:
    folder = write_fleet(content)
    write(folder / "slow.sh", "#!/bin/sh\nsleep 600\n").chmod(0o755)
    state = content.parent / "state"
    state.mkdir()
    source = FleetSource(content, environment=own_environment(content, state), timeout=timedelta(seconds=2))
    with pytest.raises(BadInput, match="ansible-inventory took longer than 2s"):
        source.get("prod")


def test_what_a_lookup_found_is_what_a_run_gets_and_what_is_bound(tmp_path: Path) -> None:
    """A file behind a lookup can change after a yes: its value is what is hashed, and what a run gets."""
    elsewhere = write(tmp_path / "elsewhere", "one\n")
    folder = write_fleet(tmp_path)
    own = {"motd": f"{{{{ lookup('file', '{elsewhere}') }}}}", "plain": "{{ motd }}"}
    write(folder / "hosts.yml", {"all": {"hosts": {"web1": own}}})
    source = FleetSource(tmp_path, environment=own_environment(tmp_path, tmp_path / "state"))
    [before] = source.fresh("prod").hosts
    assert before.given["motd"] == {"__ansible_unsafe": "one"}
    assert "plain" not in before.given
    elsewhere.write_text("two\n")
    [after] = source.fresh("prod").hosts
    assert after.given["motd"] == {"__ansible_unsafe": "two"}
