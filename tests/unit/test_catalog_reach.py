"""Which roles a playbook reaches: all that can run is covered by the digest, or the playbook is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from catalog.reach import reached_roles
from core.errors import BadInput
from tests.unit.content import write, write_role


def play(**keys: Any) -> list[dict[str, Any]]:
    return [{"name": "Do it", "hosts": "all", **keys}]


REACHING: list[tuple[str, Any]] = [
    ("a name", play(roles=["one"])),
    ("a mapping with role", play(roles=[{"role": "one", "vars": {"x": "{{ y }}"}}])),
    ("a mapping with name", play(roles=[{"name": "one"}])),
    ("include_role", play(tasks=[{"ansible.builtin.include_role": {"name": "one"}}])),
    ("import_role, short", play(pre_tasks=[{"import_role": {"name": "one", "tasks_from": "x"}}])),
    ("import_role, inline", play(post_tasks=[{"ansible.legacy.import_role": "name=one"}])),
    ("in a handler", play(handlers=[{"name": "h", "ansible.builtin.include_role": {"name": "one"}}])),
    (
        "in nested blocks",
        play(tasks=[{"block": [], "rescue": [{"block": [], "always": [{"include_role": {"name": "one"}}]}]}]),
    ),
]


@pytest.mark.parametrize("plays", [case[1] for case in REACHING], ids=[case[0] for case in REACHING])
def test_every_way_to_a_role_is_found(tmp_path: Path, plays: Any) -> None:
    write_role(tmp_path, "one")
    assert reached_roles(write(tmp_path / "playbooks/x.yml", plays), [tmp_path]) == {"one": tmp_path / "roles/one"}


def test_roles_are_followed_through_tasks_handlers_and_dependencies(tmp_path: Path) -> None:
    write_role(tmp_path, "one", tasks=[{"ansible.builtin.include_role": {"name": "two"}}])
    two = write_role(tmp_path, "two")
    write(two / "meta/main.yml", {"dependencies": ["three", {"role": "one"}]})
    three = write_role(tmp_path, "three")
    write(three / "handlers/inner/late.yaml", [{"name": "h", "ansible.builtin.import_role": {"name": "four"}}])
    write_role(tmp_path, "four")
    write_role(tmp_path, "unused")
    found = reached_roles(write(tmp_path / "playbooks/x.yml", play(roles=["one"])), [tmp_path])
    assert sorted(found) == ["four", "one", "three", "two"]


def test_the_first_folder_that_has_a_role_wins(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    write_role(own, "one", tasks=[{"ansible.builtin.include_role": {"name": "two"}}])
    write_role(shipped, "one")
    write_role(shipped, "two")
    found = reached_roles(write(own / "playbooks/x.yml", play(roles=["one"])), [own, shipped])
    assert found == {"one": own / "roles/one", "two": shipped / "roles/two"}


REFUSED: list[tuple[str, Any, str]] = [
    ("templated role", play(roles=["{{ which }}"]), "templated"),
    ("templated include", play(tasks=[{"include_role": {"name": "do_{{ item }}"}}]), "templated"),
    ("role of a collection", play(roles=["ns.collection.one"]), "copy the role there"),
    ("role elsewhere", play(roles=["../../tmp/one"]), "copy the role there"),
    ("absolute role", play(roles=["/etc/ansible/roles/one"]), "copy the role there"),
    ("role by source", play(tasks=[{"include_role": {"tasks_from": "x"}}]), "is not the name of a role"),
    ("missing role", play(roles=["gone"]), "there is no role 'gone'"),
    ("another playbook", [{"import_playbook": "other.yml"}], "import_playbook: the digest would not cover it"),
    ("tasks of a file", play(tasks=[{"ansible.builtin.include_tasks": "x.yml"}]), "move the tasks into the role"),
    (
        "tasks of a file in a block",
        play(tasks=[{"block": [{"import_tasks": "x.yml"}]}]),
        "move the tasks into the role",
    ),
    ("variables of a file", play(vars_files=["x.yml"]), "move the variables into the role"),
    ("a question", play(vars_prompt=[{"name": "x"}]), "nobody is there to answer"),
    ("not a list", {"hosts": "all"}, "a playbook is a list of plays"),
    ("broken", "- hosts: [", "not valid YAML"),
]


@pytest.mark.parametrize(("plays", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_no_digest_can_cover_is_refused(tmp_path: Path, plays: Any, message: str) -> None:
    write_role(tmp_path, "one")
    path = write(tmp_path / "playbooks/x.yml", plays)
    with pytest.raises(BadInput) as caught:
        reached_roles(path, [tmp_path])
    assert message in str(caught.value)
    assert caught.value.file == path


@pytest.mark.parametrize("path", ["/etc/tasks.yml", "../other/tasks.yml", "~/tasks.yml", "{{ role_path }}/../x.yml"])
def test_a_role_stays_inside_itself(tmp_path: Path, path: str) -> None:
    write_role(tmp_path, "one", tasks=[{"name": "Elsewhere", "ansible.builtin.include_tasks": {"file": path}}])
    with pytest.raises(BadInput, match="lies outside the role"):
        reached_roles(write(tmp_path / "playbooks/x.yml", play(roles=["one"])), [tmp_path])


def test_a_role_may_choose_among_its_own_files_and_use_tags(tmp_path: Path) -> None:
    role = write_role(tmp_path, "one")
    write(
        role / "tasks/main.yml", '- ansible.builtin.include_tasks: "{{ one_backend }}.yml"\n  vars: {x: !unsafe "{{"}\n'
    )
    assert list(reached_roles(write(tmp_path / "playbooks/x.yml", play(roles=["one"])), [tmp_path])) == ["one"]
