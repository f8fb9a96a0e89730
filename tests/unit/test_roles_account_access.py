"""The module account_access: whose account may be locked, and what unlocking brings back."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "roles" / "account_access" / "library" / "account_access.py"
spec = importlib.util.spec_from_file_location("account_access", SOURCE)
assert spec and spec.loader
access: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(access)

PASSWD = """\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
postgres:x:105:110::/var/lib/postgresql:/bin/bash
ansible:x:1000:1000::/home/ansible:/bin/bash
alice:x:1001:1001:A person:/home/alice:/bin/bash
backup2:x:1002:1002::/home/backup2:/usr/sbin/nologin
toor:x:0:0::/root:/bin/bash
"""
SHADOW = """\
root:*:20000:0:99999:7:::
daemon:*:20000:0:99999:7:::
postgres:!:20000:0:99999:7:::
ansible:!:20000:0:99999:7:::
alice:$y$j9T$abc:20000:0:99999:7:::
backup2:!:20000:0:99999:7::1:
toor:*:20000:0:99999:7:::
"""
DEFINITIONS = "# comment\nUID_MIN\t\t\t 1000\nUID_MAX\t\t\t60000\nSYS_UID_MIN 101\n"


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    (tmp_path / "passwd").write_text(PASSWD)
    (tmp_path / "shadow").write_text(SHADOW)
    return tmp_path


def check(etc: Path, name: str, used: tuple[str, ...] = ("ansible",), never: tuple[str, ...] = ()) -> None:
    access.check_lockable(name, access.read_account(name, etc), DEFINITIONS, used, never)


def test_a_person_passes(etc: Path) -> None:
    check(etc, "alice")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("root", "is root"),
        ("toor", "is root"),
        ("daemon", "account of the system"),
        ("postgres", "account of the system"),
        ("backup2", "can't log in anyway"),
        ("ansible", "Ansible works with"),
        ("mallory", "no local account mallory"),
        ("ali", "no local account ali"),
    ],
)
def test_nobody_else_does(etc: Path, name: str, why: str) -> None:
    with pytest.raises(access.Refused, match=why):
        check(etc, name)


def test_nor_whom_the_inventory_protects(etc: Path) -> None:
    with pytest.raises(access.Refused, match="fleetmend_never_lock"):
        check(etc, "alice", never=("alice",))


@pytest.mark.parametrize("name", ["", "-r", "alice root", "Alice", "../alice", "alice:x", "{{ x }}", "a" * 33])
def test_a_name_is_a_name(name: str) -> None:
    with pytest.raises(access.Refused, match="no name of an account"):
        access.act({"account": name, "state": "locked", "used": [], "never": []}, check_mode=True)


def test_locked_is_both_for_passwords_and_for_keys(etc: Path) -> None:
    assert not access.read_account("alice", etc).is_locked
    assert not access.read_account("ansible", etc).is_locked, "a password that was never set is no lock"
    assert access.read_account("backup2", etc).is_locked


def test_processes_are_found_by_any_of_their_user_ids() -> None:
    text = "Name:\tsshd\nState:\tS (sleeping)\nUid:\t0\t1001\t0\t1001\nGid:\t0\t0\t0\t0\n"
    assert access.owners(text) == {0, 1001} and access.state_of(text) == "S"
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        assert process.pid in access.processes_of(os.getuid())
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert process.pid not in access.processes_of(os.getuid()), "a zombie is gone"
