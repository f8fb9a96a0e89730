"""Which roles a playbook reaches, so that the digest covers all that can run.

What can't be known from the files is refused: a templated role name, a role of a collection, tasks from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from core.ansible_yaml import Mapping, read_ansible_yaml
from core.errors import BadInput

_ROLE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_NOT_IN_A_PLAYBOOK = {
    "import_playbook": "write its plays into this file",
    "include": "move the tasks into the role",
    "include_tasks": "move the tasks into the role",
    "import_tasks": "move the tasks into the role",
    "include_vars": "move the variables into the role",
    "vars_files": "move the variables into the role",
    "vars_prompt": "nobody is there to answer",
}
_FILES_OF_A_ROLE = frozenset({"include", "include_tasks", "import_tasks", "include_vars"})
_ROLE_TASKS = frozenset({"include_role", "import_role"})


def find_role(name: str, roots: Sequence[Path]) -> Path | None:
    """The folder of the role *name*: in the first of *roots* whose `roles/` has it."""
    return next((root / "roles" / name for root in roots if (root / "roles" / name).is_dir()), None)


def reached_roles(playbook: Path, roots: Sequence[Path]) -> dict[str, Path]:
    """Return the roles that *playbook* reaches, in any way and at any depth: name -> folder.

    They are looked for in `roles/` under each of *roots*, the first that has it. Raises BadInput for a role that is not
    there, and for whatever would run files that no digest covers.
    """
    found: dict[str, Path] = {}
    plays = read_ansible_yaml(playbook)
    if not isinstance(plays, list) or not all(isinstance(play, Mapping) for play in plays):
        raise BadInput("a playbook is a list of plays", file=playbook)
    waiting = [(playbook, name, line) for name, line in _names_in(plays, playbook, in_role=False)]
    while waiting:
        file, name, line = waiting.pop()
        if name in found:
            continue
        folder = find_role(name, roots)
        if folder is None:
            places = " or ".join(str(root / "roles") for root in roots)
            raise BadInput(f"there is no role {name!r} in {places}", file=file, line=line)
        found[name] = folder
        for inner in _task_files(folder):
            content = read_ansible_yaml(inner)
            waiting += [(inner, name, line) for name, line in _names_in(content, inner, in_role=True)]
    return found


def _task_files(role: Path) -> Iterator[Path]:
    yield from (path for path in (role / "meta" / "main.yml", role / "meta" / "main.yaml") if path.is_file())
    for part in ("tasks", "handlers"):
        yield from sorted(path for path in (role / part).rglob("*.y*ml") if path.suffix in (".yml", ".yaml"))


def _names_in(content: Any, file: Path, *, in_role: bool) -> Iterator[tuple[str, int | None]]:
    """Yield the role names that *content* (plays, tasks or a role's meta) mentions, with their lines."""
    if isinstance(content, list):
        for item in content:
            yield from _names_in(item, file, in_role=in_role)
    elif isinstance(content, Mapping):
        for key, value in content.items():
            word = str(key).removeprefix("ansible.builtin.").removeprefix("ansible.legacy.")
            if word in _ROLE_TASKS:
                yield _role_name(_named(value, "name"), file, content.line), content.line
            elif word in ("roles", "dependencies") and isinstance(value, list):
                for entry in value:
                    yield _role_name(_named(entry, "role", "name", "src"), file, content.line), content.line
            elif not in_role and word in _NOT_IN_A_PLAYBOOK:
                problem = f"the digest would not cover it; {_NOT_IN_A_PLAYBOOK[word]}"
                raise BadInput(problem, file=file, line=content.line, key=word)
            elif word in _FILES_OF_A_ROLE:
                _check_inside(_named(value, "file", "dir"), file, content.line, word)
            elif word in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"):
                yield from _names_in(value, file, in_role=in_role)


def _named(value: Any, *keys: str) -> Any:
    """The name in any of the forms that Ansible takes: `x`, `{name: x}`, `name=x`."""
    if isinstance(value, Mapping):
        return next((value[key] for key in keys if key in value), None)
    if isinstance(value, str):
        pairs = dict(part.split("=", 1) for part in value.split() if "=" in part)
        return next((pairs[key] for key in keys if key in pairs), value)
    return None


def _role_name(name: Any, file: Path, line: int) -> str:
    if isinstance(name, str) and _ROLE_NAME.fullmatch(name):
        return name
    if isinstance(name, str) and ("{{" in name or "{%" in name):
        raise BadInput(f"the role name {name!r} is templated, so that no digest can cover it", file=file, line=line)
    raise BadInput(f"{name!r} is not the name of a role in roles/; copy the role there", file=file, line=line)


def _check_inside(path: Any, file: Path, line: int, key: str) -> None:
    if isinstance(path, str) and (path.startswith(("/", "~")) or ".." in PurePosixPath(path).parts):
        raise BadInput(f"{path!r} lies outside the role, so that no digest covers it", file=file, line=line, key=key)
