"""The modules rollback_guard and own_connection: who decides about a change, and which connection is the one in use."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

ROLES = Path(__file__).resolve().parents[2] / "roles"


def module(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROLES / name / "library" / f"{name}.py")
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


guard, connection = module("rollback_guard"), module("own_connection")
OLD, NEW = "192.0.2.1 4000 192.0.2.2 22", "192.0.2.1 4001 192.0.2.2 22"


class Change:
    """A change of which the undo writes a file."""

    def __init__(self, root: Path) -> None:
        self.folder, self.mark = root / "guard" / "firewall", root / "undone-for-real"
        write = f"open({str(self.mark)!r}, 'w').write('x')"
        self.commands = [[sys.executable, "-c", write]]

    def arm(self, seconds: float, connection: str = OLD) -> str:
        how = guard.arm(self.folder, "firewall", seconds, self.commands, connection, systemd=False)
        return str(how)

    def keep(self, connection: str = NEW) -> None:
        guard.keep(self.folder, "firewall", connection, systemd=False)

    def wait_until_undone(self) -> None:
        deadline = time.monotonic() + 60
        while not (self.folder / "undone").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def change(tmp_path: Path) -> Iterator[Change]:
    yield Change(tmp_path)
    for process in psutil.process_iter(["cmdline"]):
        if str(tmp_path) in " ".join(process.info["cmdline"] or ()):
            process.kill()


def test_a_change_that_nobody_confirms_is_undone(change: Change) -> None:
    assert change.arm(0.2) == "process"
    change.wait_until_undone()
    assert change.mark.exists() and json.loads((change.folder / "undone").read_text()) == [0]
    with pytest.raises(guard.Refused, match="no new connection was made in time"):
        change.keep()
    change.arm(600)  # the next change may follow


def test_a_change_that_is_confirmed_stays(change: Change) -> None:
    change.arm(600)
    change.keep()
    assert not change.folder.exists()
    late = [sys.executable, "-I", "-c", guard.RUNNER, str(change.folder), "0"]
    assert subprocess.run(late, check=False).returncode == 0, "the timer comes too late, and finds nothing to decide"
    assert not change.mark.exists()


def test_the_connection_from_before_proves_nothing(change: Change) -> None:
    change.arm(600)
    with pytest.raises(guard.Refused, match="from before the change"):
        change.keep(OLD)
    change.keep(NEW)


def test_without_ssh_there_is_nothing_to_compare(change: Change) -> None:
    change.arm(600, connection="")
    change.keep("")


def test_one_change_at_a_time(change: Change) -> None:
    guard.check_free(change.folder, "firewall")
    change.arm(600)
    with pytest.raises(guard.Refused, match="still waits to be proven or undone"):
        change.arm(600)
    with pytest.raises(guard.Refused, match="still waits"):
        guard.check_free(change.folder, "firewall")
    (change.folder / "decided").touch()  # it is being undone just now
    with pytest.raises(guard.Refused, match="still waits"):
        guard.check_free(change.folder, "firewall")
    (change.folder / "undone").touch()
    guard.check_free(change.folder, "firewall")


def test_what_was_never_armed_is_not_kept(change: Change) -> None:
    with pytest.raises(guard.Refused, match="no change of firewall waits"):
        change.keep()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.0.2.1 4000 192.0.2.2 22", ("192.0.2.1", 4000, "192.0.2.2", 22)),
        ("::ffff:192.0.2.1 4000 ::ffff:192.0.2.2 2222", ("192.0.2.1", 4000, "192.0.2.2", 2222)),
        ("fe80::1%eth0 4000 fe80::2%eth0 22", ("fe80::1", 4000, "fe80::2", 22)),
        ("", None),
        ("192.0.2.1 4000 192.0.2.2", None),
        ("here 4000 there 22", None),
        ("192.0.2.1 x 192.0.2.2 22", None),
    ],
)
def test_ssh_says_where_a_connection_comes_from(text: str, found: object) -> None:
    assert connection.parse_connection(text) == found


def test_the_nearest_process_that_knows_speaks_and_all_owners_count() -> None:
    chain = [
        ({"SUDO_UID": "1000"}, {0}),
        ({"SSH_CONNECTION": NEW, "LOGNAME": "ansible"}, {1000}),
        ({"SSH_CONNECTION": OLD, "LOGNAME": "somebody"}, {33, 0}),
    ]
    result, owners = connection.look(chain)
    assert (result["client"], result["port"], result["login"]) == ("192.0.2.1", 22, "ansible")
    assert result["ssh"] and result["id"] == NEW
    assert owners == {0, 33, 1000}


def test_without_ssh_nothing_is_made_up() -> None:
    result, owners = connection.look([({"LOGNAME": "root"}, {0})])
    assert (result["ssh"], result["id"], result["login"], owners) == (False, "", "", {0})


def test_this_process_finds_itself_and_those_above_it() -> None:
    chain = list(connection.ancestors(os.getpid()))
    assert os.getuid() in chain[0][1] and len(chain) > 1
