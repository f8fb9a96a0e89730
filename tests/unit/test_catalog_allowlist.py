"""Law 2: a remedy reaches files in the admitted ways alone, and what is refused is refused at its file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.remedy_files import CASES, case_of, judge, lay_out

REFUSED, ADMITTED = CASES["refused"], CASES["admitted"]


@pytest.mark.parametrize("case", REFUSED, ids=[case["name"] for case in REFUSED])
def test_what_no_digest_could_cover_is_refused_at_its_line(tmp_path: Path, case: dict[str, Any]) -> None:
    remedy = lay_out(tmp_path, case)
    found = judge(remedy)
    assert found, "it was admitted"
    problem = found[0]
    where = "play" if problem.file == remedy.playbook else str((problem.file or tmp_path).relative_to(remedy.role))
    assert f"{where}:{problem.line}" == case["at"] or (problem.line is None and where == case["at"]), str(problem)
    assert case["says"] in f"{problem.key}: {problem.problem}", str(problem)
    assert "\n" not in str(problem)


@pytest.mark.parametrize("case", ADMITTED, ids=[case["name"] for case in ADMITTED])
def test_what_a_remedy_needs_is_admitted(tmp_path: Path, case: dict[str, Any]) -> None:
    assert judge(lay_out(tmp_path, case)) == ()


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    tasks = "- ansible.builtin.script: /a\n- ansible.builtin.debug: {msg: \"{{ lookup('env', 'X') }}\"}\n"
    remedy = lay_out(tmp_path, case_of(tasks=tasks, vars="ansible_x: 1\n"))
    lines = sorted((problem.file.parent.name, problem.line) for problem in judge(remedy) if problem.file)
    assert lines == [("tasks", 1), ("tasks", 2), ("vars", 1)]
