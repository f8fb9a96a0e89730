"""The environment of Ansible processes: nothing gets in that was not named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.ansible_environment import AnsibleEnvironment
from core.errors import BadInput
from tests.unit.content import write

SECRETS = {
    "FLEETMEND_DATABASE_URL": "postgresql://u:pw@db/x",
    "FLEETMEND_TOKEN": "fm_x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "LD_PRELOAD": "/x.so",
    "PYTHONPATH": "/x",
}


def environment(tmp_path: Path, environ: dict[str, str] | None = None, **given: Any) -> dict[str, str]:
    made = AnsibleEnvironment(
        environ={"HOME": str(tmp_path / "home"), "PATH": "/bin", **(environ or {})},
        content=tmp_path,
        state=tmp_path / "state",
        python_bin=Path("/venv/bin"),
        **given,
    )
    return made.for_fleet(tmp_path / "inventory/prod")


def test_it_starts_empty(tmp_path: Path) -> None:
    result = environment(tmp_path, SECRETS | {"ANSIBLE_VAULT_PASSWORD_FILE": "/pw", "FLEETMEND_DEMO": "/demo"})
    assert not SECRETS.keys() & result.keys()
    assert result["ANSIBLE_VAULT_PASSWORD_FILE"] == "/pw"
    assert result["FLEETMEND_DEMO"] == "/demo"
    assert result["PATH"] == "/venv/bin:/bin"
    assert result["LC_ALL"] == "C.UTF-8"
    assert {name for name in result if not name.startswith("ANSIBLE_")} == {
        "HOME",
        "PATH",
        "LANG",
        "LC_ALL",
        "FLEETMEND_DEMO",
    }


def test_more_is_passed_only_by_name(tmp_path: Path) -> None:
    result = environment(tmp_path, SECRETS | {"VAULT_ADDR": "https://vault"}, pass_variables=("VAULT_ADDR", "NOT_SET"))
    assert result["VAULT_ADDR"] == "https://vault"
    assert not (SECRETS.keys() | {"NOT_SET"}) & result.keys()


def test_what_would_change_a_run_unseen_is_left_out(tmp_path: Path) -> None:
    given = {"ANSIBLE_RUN_TAGS": "x", "ANSIBLE_SKIP_TAGS": "x", "ANSIBLE_SSH_HOST_KEY_CHECKING": "false"}
    result = environment(tmp_path, given | {"ANSIBLE_HOST_KEY_CHECKING": "false"})
    assert not given.keys() & result.keys()
    assert result["ANSIBLE_HOST_KEY_CHECKING"] == "true"


def test_the_nearest_ansible_cfg_counts(tmp_path: Path) -> None:
    assert "ANSIBLE_CONFIG" not in environment(tmp_path)
    content = write(tmp_path / "ansible.cfg", "[defaults]\n")
    assert environment(tmp_path)["ANSIBLE_CONFIG"] == str(content)
    fleet = write(tmp_path / "inventory/prod/ansible.cfg", "[defaults]\n")
    assert environment(tmp_path)["ANSIBLE_CONFIG"] == str(fleet)
    assert environment(tmp_path, {"ANSIBLE_CONFIG": "/my.cfg"})["ANSIBLE_CONFIG"] == "/my.cfg"


def test_relative_paths_keep_their_meaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"ANSIBLE_VAULT_PASSWORD_FILE": "pw", "ANSIBLE_PRIVATE_KEY_FILE": "~/.ssh/id"}
    result = environment(tmp_path, given)
    assert result["ANSIBLE_VAULT_PASSWORD_FILE"] == str(tmp_path / "pw")
    assert result["ANSIBLE_PRIVATE_KEY_FILE"] == "~/.ssh/id"


def test_pipelining_is_on_unless_the_user_says_otherwise(tmp_path: Path) -> None:
    assert environment(tmp_path)["ANSIBLE_PIPELINING"] == "true"
    assert environment(tmp_path, {"ANSIBLE_PIPELINING": "0"})["ANSIBLE_PIPELINING"] == "0"
    assert "ANSIBLE_PIPELINING" not in environment(tmp_path, {"ANSIBLE_SSH_PIPELINING": "0"})
    write(tmp_path / "ansible.cfg", "[ssh_connection]\npipelining = False\n")
    assert "ANSIBLE_PIPELINING" not in environment(tmp_path)


ACCEPT, STRICT = "-o StrictHostKeyChecking=accept-new", "-o StrictHostKeyChecking=yes"
CONFIG = "[ssh_connection]\nssh_args = -C\nssh_common_args = -J bastion ; the way in\n"
DEFAULT = "-C -o ControlMaster=auto -o ControlPersist=60s"


@pytest.mark.parametrize(
    ("config", "environ", "args", "common"),
    [
        ("", {}, DEFAULT, ""),
        (CONFIG, {}, "-C", "-J bastion"),
        (CONFIG, {"ANSIBLE_SSH_COMMON_ARGS": "-J other"}, "-C", "-J other"),
        (CONFIG, {"ANSIBLE_SSH_ARGS": "-4"}, "-4", "-J bastion"),
        (CONFIG, {"ANSIBLE_SSH_COMMON_ARGS": "-o StrictHostKeyChecking=no"}, "-C", ""),
        ("[ssh_connection]\nssh_args = -oStrictHostKeyChecking=no -C\n", {}, "-C", ""),
        ("not an ini file", {}, DEFAULT, ""),
    ],
)
@pytest.mark.parametrize(("setting", "rule"), [("accept-new", ACCEPT), ("strict", STRICT)])
def test_the_host_key_rule_goes_before_the_users_own_options(
    tmp_path: Path, config: str, environ: dict[str, str], args: str, common: str, setting: str, rule: str
) -> None:
    write(tmp_path / "ansible.cfg", config)
    result = environment(tmp_path, environ, ssh_host_keys=setting)
    assert result["ANSIBLE_SSH_ARGS"] == f"{rule} {args}"
    assert result["ANSIBLE_SSH_COMMON_ARGS"] == common


def test_options_that_no_shell_could_split_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "ansible.cfg", "[ssh_connection]\nssh_args = -o 'open\n")
    with pytest.raises(BadInput, match="SSH options can't be read"):
        environment(tmp_path)


def test_the_users_own_config_in_the_home_counts_for_ssh(tmp_path: Path) -> None:
    write(tmp_path / "home/.ansible.cfg", CONFIG)
    result = environment(tmp_path)
    assert result["ANSIBLE_SSH_COMMON_ARGS"] == "-J bastion"
    assert "ANSIBLE_CONFIG" not in result, "Ansible finds that one by itself"
