"""How Ansible's process begins: as pexpect's would, without a copy of this one first."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from runner.spawning import Spawn, pexpect


def run(script: str, folder: Path, **environment: str) -> tuple[str, Spawn]:
    given = {"PATH": os.environ["PATH"], **environment}
    child = Spawn("/bin/sh", ["-c", script], cwd=str(folder), env=given, encoding="utf-8", echo=False)
    child.expect(pexpect.EOF, timeout=60)
    said = str(child.before)
    child.close()
    return said, child


def test_its_folder_environment_and_exit_status_are_as_asked_for(tmp_path: Path) -> None:
    said, child = run('pwd; echo "$GIVEN"; exit 7', tmp_path, GIVEN="yes")
    assert said.split() == [str(tmp_path), "yes"]
    assert child.exitstatus == 7


def test_it_has_a_terminal_of_its_own_without_echo_and_leads_a_session(tmp_path: Path) -> None:
    said, _ = run("test -t 0 && test -t 1 && stty -a; ps -o sid= -p $$; echo $$", tmp_path)
    assert "-echo " in said
    assert "rows 24; columns 80" in said
    *_, session, process = said.split()
    assert session == process


def test_nothing_waits_at_a_terminal_that_nobody_answers_at(tmp_path: Path) -> None:
    began = time.monotonic()
    said, child = run("cat /dev/tty", tmp_path)
    assert child.exitstatus != 0, said
    assert time.monotonic() - began < 5


def test_a_program_that_is_not_there_is_an_error_of_pexpect(tmp_path: Path) -> None:
    with pytest.raises(pexpect.exceptions.ExceptionPexpect):
        Spawn("/nowhere/program", ["x"], cwd=str(tmp_path), env={}, encoding="utf-8", echo=False)
