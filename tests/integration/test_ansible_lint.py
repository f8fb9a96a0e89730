"""The Ansible content passes ansible-lint's production profile, without the network."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from local_hosts import BIN, CHECKOUT, environment

pytestmark = pytest.mark.ansible


def lint(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "ansible-lint", "--offline", "--nocolor", "--profile", "production", "playbooks", "roles"],
        cwd=project,
        env=environment(HOME=str(project), ANSIBLE_HOME=str(project / ".ansible")),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the content: the linter writes caches beside what it reads."""
    for part in ("playbooks", "roles"):
        shutil.copytree(CHECKOUT / part, tmp_path / part)
    shutil.copy(CHECKOUT / ".ansible-lint", tmp_path)
    return tmp_path


def test_the_content_passes(project: Path) -> None:
    done = lint(project)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_slip_is_found(project: Path) -> None:
    tasks = project / "roles" / "service_restart" / "tasks" / "main.yml"
    tasks.write_text(tasks.read_text() + "\n- name: Slip\n  shell: echo {{ service_restart_service }}\n")
    done = lint(project)
    assert done.returncode != 0 and "fqcn" in done.stdout, done.stdout + done.stderr
