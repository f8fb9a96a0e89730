"""The ssh probe, and that the remedy compares policies just as it does."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import Any

import pytest

from monitor.on_host import ssh

SOURCE = Path(__file__).resolve().parents[2] / "roles" / "ssh_policy" / "library" / "ssh_policy.py"
spec = importlib.util.spec_from_file_location("ssh_policy", SOURCE)
assert spec and spec.loader
module: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

SHOWN = """\
port 22
logingracetime 120
permitrootlogin without-password
passwordauthentication yes
maxauthtries 6
ciphers aes256-gcm@openssh.com,aes128-ctr
"""
IN_FORCE: list[dict[str, Any]] = [
    {"PermitRootLogin": "prohibit-password"},
    {"PermitRootLogin": "without-password", "PasswordAuthentication": True, "MaxAuthTries": 6},
    {"LoginGraceTime": "2m"},
    {"LoginGraceTime": 120, "Ciphers": "aes256-gcm@openssh.com,aes128-ctr"},
]
DRIFT: list[tuple[dict[str, Any], str]] = [
    ({"PermitRootLogin": "no"}, "PermitRootLogin is without-password, not no"),
    ({"PasswordAuthentication": False}, "PasswordAuthentication is yes, not no"),
    ({"LoginGraceTime": "1m30s"}, "LoginGraceTime is 120, not 90"),
    ({"X11Forwarding": "no"}, "X11Forwarding is not known to this sshd"),
    ({"Ciphers": "aes256-gcm@openssh.com"}, "Ciphers is aes256-gcm@openssh.com,aes128-ctr, not aes256-gcm@openssh.com"),
]
BOTH = pytest.mark.parametrize("ours", [ssh, module], ids=["probe", "remedy"])


@BOTH
@pytest.mark.parametrize("options", IN_FORCE)
def test_what_is_in_force_is_no_drift(ours: Any, options: dict[str, Any]) -> None:
    assert ours.differences(SHOWN, options) == []


@BOTH
@pytest.mark.parametrize(("options", "said"), DRIFT)
def test_what_is_not_in_force_is_drift(ours: Any, options: dict[str, Any], said: str) -> None:
    assert ours.differences(SHOWN, options) == [said]


def test_the_probe_speaks_of_every_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = subprocess.CompletedProcess([], 0, SHOWN.encode(), b"")
    monkeypatch.setattr(ssh.subprocess, "run", lambda *rest, **more: answer)
    items = ssh.probe({"ssh": {"a": {"options": {"MaxAuthTries": 6}}, "b": {"options": {"MaxAuthTries": 4}}}})
    assert [(item["subject"], item["value"]) for item in items] == [("a", 0), ("b", 1)]
    assert items[1]["evidence"] == {"differences": 1, "first": "MaxAuthTries is 6, not 4"}


def test_a_broken_configuration_is_a_problem_and_no_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = subprocess.CompletedProcess([], 255, b"", b"/etc/ssh/sshd_config line 3: Bad configuration option\n")
    monkeypatch.setattr(ssh.subprocess, "run", lambda *rest, **more: answer)
    (item,) = ssh.probe({"ssh": {"a": {"options": {}}}})
    assert "Bad configuration option" in item["problem"]


def test_a_drop_in_holds_one_line_an_option_and_nothing_else() -> None:
    text = module.text_of({"PermitRootLogin": False, "MaxAuthTries": 4, "Ciphers": "a@b.c,d"})
    assert text.splitlines()[1:] == ["Ciphers a@b.c,d", "MaxAuthTries 4", "PermitRootLogin no"]
    for options in ({"X": "no\nPermitRootLogin yes"}, {"X Y": "no"}, {"X": ""}, {"X": "no # x"}):
        with pytest.raises(module.Refused):
            module.text_of(options)


@pytest.mark.parametrize(
    ("main", "reads"),
    [
        ("# Debian\n\nInclude /etc/ssh/sshd_config.d/*.conf\nPort 22\n", True),
        ("include /etc/ssh/sshd_config.d/*\n", True),
        ("Port 22\nInclude /etc/ssh/sshd_config.d/*.conf\n", False),
        ("Port 22\n", False),
        ("", False),
    ],
)
def test_a_drop_in_counts_only_where_it_is_read_first(main: str, reads: bool) -> None:
    assert module.reads_drop_ins(main) is reads
