"""What is vetted also runs: Ansible loads the staged copy, and what it can't load is refused at its file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.allowlist import RULES
from catalog.dry_load.load import DryLoad
from catalog.lock import lock_path
from catalog.source import CatalogSource
from core.errors import BadInput
from core.remedies import Remedy
from tests.cli_runs import Cli, empty_place
from tests.remedy_files import CASES, LaidOut, case_of, lay_out
from tests.unit.content import own_environment, write

pytestmark = pytest.mark.ansible
ADMITTED = CASES["admitted"]


def load(place: Path, laid_out: LaidOut, remedy: Remedy | None = None) -> tuple[BadInput, ...]:
    content = laid_out.content
    environment = own_environment(content, place / "state")
    catalog = CatalogSource(content, content)
    return DryLoad(catalog=catalog, shipped=content, environment=environment).problems(remedy or laid_out.remedy())


@pytest.mark.parametrize("case", ADMITTED, ids=[case["name"] for case in ADMITTED])
def test_what_is_admitted_really_loads(tmp_path: Path, case: dict[str, Any]) -> None:
    assert load(tmp_path, lay_out(tmp_path / "content", case)) == ()


CAN_NOT_LOAD: list[tuple[str, dict[str, Any], str, int | None, str]] = [
    (
        "an option that an include does not have",
        case_of(
            tasks="- name: One\n  ansible.builtin.debug:\n- ansible.builtin.include_tasks: more.yml\n  become: true\n"
        ),
        "main.yml",
        3,
        "become",
    ),
    (
        "a loop over an import",
        case_of(tasks="- ansible.builtin.import_tasks: more.yml\n  loop: [1]\n"),
        "main.yml",
        1,
        "import_tasks",
    ),
    (
        "what only an include reaches",
        case_of(
            tasks="- ansible.builtin.include_tasks: more.yml\n",
            files={
                "roles/heal/tasks/more.yml": "- ansible.builtin.import_tasks: deep.yml\n",
                "roles/heal/tasks/deep.yml": "- ansible.builtin.debug:\n  retries: [not, a, number]\n"
                "- ansible.builtin.include_role: {name: heal, public: [x]}\n"
                "- ansible.builtin.import_tasks: main.yml\n  loop: [1]\n",
            },
        ),
        "deep.yml",
        None,
        "loop",
    ),
]


@pytest.mark.parametrize(
    ("case", "file", "line", "says"), [case[1:] for case in CAN_NOT_LOAD], ids=[case[0] for case in CAN_NOT_LOAD]
)
def test_what_ansible_cannot_load_is_refused_at_its_place(
    tmp_path: Path, case: dict[str, Any], file: str, line: int | None, says: str
) -> None:
    laid_out = lay_out(tmp_path / "content", case)
    (problem,) = load(tmp_path, laid_out)
    assert problem.file is not None
    assert problem.file.is_relative_to(laid_out.content), "the place is that of the file, not of its copy"
    assert problem.file.name == file
    assert line is None or problem.line == line
    assert says in problem.problem
    assert "fleetmend-vet-" not in str(problem)


def test_what_changed_since_it_was_judged_is_not_loaded(tmp_path: Path) -> None:
    laid_out = lay_out(tmp_path / "content", case_of())
    remedy = laid_out.remedy()
    write(laid_out.role / "tasks" / "main.yml", "- ansible.builtin.script: /opt/x\n")
    (problem,) = load(tmp_path, laid_out, remedy)
    assert "changed while it was copied" in problem.problem


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    empty_place(tmp_path, monkeypatch)
    return Cli(capsys)


def failing(cli: Cli, code: int, *arguments: str) -> str:
    """Run a command that must end with *code*; all that it printed, on one line."""
    result = cli(*arguments)
    assert result.code == code, result
    return " ".join((result.out + result.err).split())


def test_vet_writes_what_loads_and_nothing_else(cli: Cli, tmp_path: Path) -> None:
    content = tmp_path / "content"
    lay_out(content, case_of(tasks="- ansible.builtin.import_tasks: more.yml\n  loop: [1]\n"))
    refused = failing(cli, 2, "catalog", "vet", "heal")
    assert "roles/heal/tasks/main.yml:1" in refused
    assert not lock_path(content).exists()
    assert "roles/heal/tasks/main.yml:1" in failing(cli, 1, "catalog", "check")
    lay_out(content, case_of())
    cli.ok("catalog", "vet", "heal")
    assert yaml.safe_load(lock_path(content).read_text())["rules"] == {"heal": RULES}


def test_check_and_vet_name_what_no_digest_covers(cli: Cli, tmp_path: Path) -> None:
    content = tmp_path / "content"
    lay_out(content, case_of(tasks="- name: x\n  ansible.builtin.script: /opt/ops/clean.sh\n", vars="ansible_x: 1\n"))
    said = failing(cli, 1, "catalog", "check")
    assert "roles/heal/tasks/main.yml:2" in said
    assert "roles/heal/vars/main.yml:1" in said
    assert "and 1 more" in failing(cli, 2, "catalog", "vet", "--all")
    assert not lock_path(content).exists()
