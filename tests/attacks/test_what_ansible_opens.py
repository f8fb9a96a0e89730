"""Law 2: what Ansible opens during a run lies inside the digest, the inventory, or its own installation.

Remedies are made of everything that Ansible and Jinja have (each filter, test and lookup, each way to name a file) and
turned at files that no digest covers. What the closed list refuses does not run. All that it admits is run, and what
Ansible opens meanwhile is compared with what it may open.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import ansible
import jinja2.defaults
import pytest
import yaml

from tests.remedy_files import case_of, judge, lay_out
from tests.tracing import Bait, Tracer, bait_in

pytestmark = pytest.mark.ansible

_PLUGINS = Path(ansible.__file__).parent / "plugins"
_RANDOM_TASKS = 60


@pytest.fixture
def bait(tmp_path: Path) -> Bait:
    """Files of this machine that no remedy may reach."""
    return bait_in(tmp_path)


def _names(kind: str, jinja: Any = ()) -> list[str]:
    stems = {path.stem for path in (_PLUGINS / kind).iterdir() if path.suffix in (".py", ".yml")}
    return sorted((stems | set(jinja)) - {"__init__", "core", "files", "mathstuff", "urls"})


def expressions(bait: Bait) -> list[str]:
    """Every filter, test and lookup that there is, turned at a file of this machine in several ways."""
    path = f"'{bait.secret}'"
    found = []
    for name in _names("filter", jinja2.defaults.DEFAULT_FILTERS):
        found += [f"{path} | {name}", f"[{path}] | map('{name}') | list", f"{path} | ansible.builtin.{name}({path})"]
    for name in _names("test", [one for one in jinja2.defaults.DEFAULT_TESTS if one.isidentifier()]):
        found += [
            f"{path} is {name}",
            f"[{path}] | select('{name}') | list",
            f"[{{'p': {path}}}] | selectattr('p', '{name}')",
        ]
    for name in _names("lookup"):
        found += [
            f"{call}('{prefix}{name}', {path})"
            for call in ("lookup", "query", "q")
            for prefix in ("", "ansible.builtin.")
        ]
    return found


def tasks_of(expression: str) -> list[dict[str, Any]]:
    """The expression in places where Ansible evaluates it."""
    debug = "ansible.builtin.debug"
    return [
        {debug: {"msg": "{{ " + expression + " }}"}},
        {debug: None, "when": expression},
        {debug: {"msg": "{{ heal_it }}"}, "vars": {"heal_it": "{{ " + expression + " }}"}},
        {debug: {"msg": "{{ item }}"}, "loop": "{{ " + expression + " }}"},
        {"ansible.builtin.assert": {"that": [expression]}},
        {"ansible.builtin.set_fact": {"heal_fact": "{% set x = " + expression + " %}{{ x }}"}},
    ]


def files_by_name(bait: Bait) -> list[dict[str, Any]]:
    """Every way to name a file to a module or an include, with paths that lead outside, and some that do not."""
    up = "../" * 12 + str(bait.secret).lstrip("/")
    wild = [
        str(bait.secret),
        up,
        "known.txt",
        "./known.txt",
        "files/known.txt",
        "{{ heal_path }}",
        "~/x",
        str(bait.folder),
    ]
    found: list[dict[str, Any]] = []
    for path in wild:
        for module in (
            "copy",
            "template",
            "unarchive",
            "script",
            "assemble",
            "ansible.builtin.copy",
            "fetch",
            "include_vars",
        ):
            found += [
                {module: {"src": path, "dest": "/nowhere/x"}},
                {module: path},
                {module: f"src={path} dest=/nowhere/x"},
            ]
            found += [
                {module: None, "args": {"src": path, "dest": "/nowhere/x"}},
                {"action": f"{module} src={path} dest=/x"},
            ]
        found += [
            {"ansible.builtin.stat": {"path": path}, "delegate_to": "localhost"},
            {"uri": {"url": "x", "src": path}},
        ]
        found += [{f"with_{name}": path, "ansible.builtin.debug": {"msg": "{{ item }}"}} for name in _names("lookup")]
    for path in (str(bait.tasks), "more.yml", "more", "../" * 12 + str(bait.tasks).lstrip("/"), "{{ heal_path }}"):
        for module in (
            "include_tasks",
            "import_tasks",
            "ansible.builtin.include_tasks",
            "include_vars",
            "import_playbook",
        ):
            found += [
                {module: path},
                {module: {"file": path}},
                {module: f"file={path}"},
                {"local_action": f"{module} {path}"},
            ]
        found += [{"include_role": {"name": path}}, {"include_role": {"name": "heal", "tasks_from": path}}]
        found += [{"include_role": {"name": "heal", "vars_from": path}}, {"import_role": f"name={path}"}]
    return found


def admitted(folder: Path, bait: Bait, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of *tasks* that the closed list has, each judged in a remedy of its own."""
    kept = []
    vars_ = f"heal_path: {bait.secret}\n"
    for number, task in enumerate(tasks):
        place = folder / str(number)
        if not judge(lay_out(place, case_of(tasks=yaml.safe_dump([task]), vars=vars_))):
            kept.append(task)
        shutil.rmtree(place)
    return kept


def remedy_of(folder: Path, bait: Bait, tasks: list[dict[str, Any]]) -> Tracer:
    """One remedy of all *tasks*, each of which may fail."""
    may_fail = [task | {"ignore_errors": True} for task in tasks if not _goes_on_for_ever(task)]
    case = case_of(tasks=yaml.safe_dump(may_fail), vars=f"heal_path: {bait.secret}\n")
    assert judge(lay_out(folder / "content", case)) == ()
    return Tracer(folder, folder / "content")


def _goes_on_for_ever(task: dict[str, Any]) -> bool:
    """A role that includes its own main file."""
    return any(
        isinstance(given, dict) and given.get("name") == "heal" and "tasks_from" not in given for given in task.values()
    )


def test_nothing_outside_is_opened_whatever_is_admitted(tmp_path: Path, bait: Bait) -> None:
    chosen = random.Random(22)
    everything = [task for expression in expressions(bait) for task in tasks_of(expression)] + files_by_name(bait)
    tasks = admitted(tmp_path / "each", bait, chosen.sample(everything, 400))
    assert len(tasks) > 40, "an attack that is refused everywhere shows nothing of what is admitted"
    tracer = remedy_of(tmp_path, bait, chosen.sample(tasks, min(_RANDOM_TASKS, len(tasks))))
    traced = tracer.run(lay_out_remedy(tracer))
    assert "PLAY RECAP" in traced.output, traced.output[-2000:]
    assert any(path.name == "main.yml" for path in traced.opened), "the hook saw nothing"
    assert tracer.outside(traced) == []


def lay_out_remedy(tracer: Tracer) -> Any:
    """The remedy of *tracer*'s content."""
    from tests.unit.content import load_remedy_from

    return load_remedy_from(tracer.content, "heal")
