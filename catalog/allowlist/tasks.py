"""Lists of tasks, in a play or a role: which keywords, which module, and where an include leads."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from jinja2 import Environment, TemplateError, nodes

from catalog.allowlist.content import Place, RoleFiles, literal_path
from catalog.allowlist.document import Block, Items
from catalog.allowlist.keywords import (
    APPLY,
    BECOME_METHODS,
    BLOCK,
    BLOCKS,
    EXPRESSIONS,
    INSTEAD,
    LOOP_CONTROL,
    PURE_LOOPS,
    TASK,
)
from catalog.allowlist.modules import LOCAL_NAMES, check_assigned, check_module, check_variables, short_name
from catalog.allowlist.templates import check_expressions, check_strings, has_template

_TASK_FILES = frozenset({"include_tasks", "import_tasks"})
_ROLES = frozenset({"include_role", "import_role"})
_ROLE_OPTIONS = frozenset({"name", "apply", "public", "allow_duplicates", "rolespec_validate"})
_FROM = {"tasks_from": "tasks", "vars_from": "vars", "defaults_from": "defaults", "handlers_from": "handlers"}
_ENVIRONMENT = Environment(autoescape=False)  # noqa: S701 - it parses, and never renders


def check_tasks(place: Place, tasks: Any, line: int) -> None:
    """Check *tasks*, a list of tasks and blocks that begins on *line*."""
    if tasks is None:
        return
    if not isinstance(tasks, Items):
        place.refuse("a list of tasks is expected here", line)
        return
    for task, at in zip(tasks, tasks.lines, strict=True):
        if not isinstance(task, Block):
            place.refuse("a task is a mapping", at)
        elif "block" in task:
            _check_block(place, task)
        else:
            _check_task(place, task)


def _check_block(place: Place, block: Block) -> None:
    check_keywords(place, block, BLOCK)
    for part in BLOCKS:
        if part in block:
            check_tasks(place, block[part], block.line_of(part))


def check_keywords(place: Place, given: Block, allowed: frozenset[str]) -> None:
    """Check the keywords of a play, role, block or task but for its module, and what they are given.

    Only a single task may be delegated to this machine: there its module is known.
    """
    for key, value in given.items():
        line = given.lines[key]
        if key not in allowed:
            place.refuse(INSTEAD.get(key, f"not admitted here; admitted: {', '.join(sorted(allowed))}"), line, key)
        elif key in EXPRESSIONS:
            check_expressions(place, value, line, key)
        elif key == "vars":
            check_variables(place, value, line)
            check_strings(place, value, line)
        elif key == "become_method" and value not in BECOME_METHODS:
            place.refuse("write sudo or su: another one is a plugin", line, key)
        elif key == "register":
            check_assigned(place, value if isinstance(value, str) else "{{", line)
        elif key == "delegate_to":
            _check_delegate(place, value, line, task=allowed is TASK)
        elif key == "loop_control":
            _check_loop_control(place, value, line)
        elif key not in BLOCKS:
            check_strings(place, value, line)


def _check_loop_control(place: Place, given: Any, line: int) -> None:
    if not isinstance(given, Block):
        place.refuse("write it as a mapping", line, "loop_control")
        return
    check_keywords(place, given, LOOP_CONTROL)
    for key in ("loop_var", "index_var"):
        if key in given:
            name = given[key]
            check_assigned(place, name if isinstance(name, str) else "{{", given.line_of(key))


def is_here(host: object) -> bool:
    """Whether *host* means this machine."""
    return isinstance(host, str) and host.strip().lower() in LOCAL_NAMES


def _check_delegate(place: Place, value: Any, line: int, *, task: bool) -> None:
    if is_here(value) and not task:
        place.refuse("delegate each single task to this machine, or none", line, "delegate_to")
    check_strings(place, value, line)
    if not isinstance(value, str) or (has_template(value) and not _is_plain_variable(value)):
        place.refuse(
            "name a host, or a variable of the inventory as it stands: {{ item.value.host }}", line, "delegate_to"
        )


def _is_plain_variable(text: str) -> bool:
    """Whether *text* is one variable, or a key of one, and nothing around it."""
    try:
        body = _ENVIRONMENT.parse(text).body
    except TemplateError:
        return False
    if len(body) != 1 or not isinstance(body[0], nodes.Output) or len(body[0].nodes) != 1:
        return False
    node = body[0].nodes[0]
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return isinstance(node, nodes.Name)


def _check_task(place: Place, task: Block) -> None:
    loops = [key for key in task if key.startswith("with_")]
    for key in loops:
        if key not in PURE_LOOPS:
            place.refuse(
                "it runs a lookup that may read files; use loop, and name files one by one", task.lines[key], key
            )
        check_strings(place, task[key], task.lines[key])
    refused = [key for key in task if key in INSTEAD and key not in place.remedy.own_modules]
    modules = [key for key in task if key not in TASK and key not in loops and key not in refused]
    known = Block(task.line)
    for key in task:
        if key in TASK or key in refused:
            known[key], known.lines[key] = task[key], task.lines[key]
    check_keywords(place, known, TASK)
    if len(modules) != 1:
        if not refused:
            names = ", ".join(modules) or "none"
            place.refuse(f"a task has exactly one module; this has {names}; correct or take out the others", task.line)
        return
    action = modules[0]
    line = task.lines[action]
    if has_template(action):
        place.refuse("write the name of the module out", line)
        return
    given = _with_args(place, task, action)
    check_strings(place, given, line)
    name = short_name(action)
    if action in place.remedy.own_modules or name not in _TASK_FILES | _ROLES:
        check_module(place, action, given, line, here=is_here(task.get("delegate_to")))
    elif name in _TASK_FILES:
        _check_task_file(place, action, given, line)
    else:
        _check_role(place, action, given, line)


def _with_args(place: Place, task: Block, action: str) -> Any:
    """What the module is given, with `args` laid under it as Ansible does; a word for `free form` stays a word."""
    given, args = task[action], task.get("args")
    if "args" not in task:
        return given
    line = task.lines["args"]
    if not isinstance(args, Block) or short_name(action) not in ("command", "shell", "raw", "script"):
        place.refuse("write the arguments as a mapping below the module", line, "args")
        return given
    if hidden := [key for key in args if key.startswith("_") or key == "cmd"]:
        place.refuse("write this below the module", args.lines[hidden[0]], hidden[0])
    return given


def _check_task_file(place: Place, action: str, given: Any, line: int) -> None:
    role = place.role
    if role is None:
        place.refuse("no digest would cover the file; move the tasks into the role", line, action)
        return
    apply = given.get("apply") if isinstance(given, Block) else None
    if isinstance(given, Block):
        if extra := given.keys() - {"file", "apply"}:
            place.refuse("only file and apply are admitted", line, sorted(extra)[0])
        line, target = given.line_of("file"), given.get("file")
    else:
        target = given
    _check_apply(place, apply, line)
    path = literal_path(target)
    if path is None:
        problem = "name a file in tasks/ of the role by its literal path; choose among several with `when`"
        place.refuse(problem, line, action)
        return
    folder = place.path.split("/", 1)[0]
    beside = str(PurePosixPath(place.path).parent / path)
    if not path.endswith((".yml", ".yaml")):
        place.refuse("name it with its ending .yml, so that it is read as what it is", line, action)
    elif f"{folder}/{path}" not in role.files and (beside not in role.files or path in role.files):
        # Ansible looks for it in the role itself, too, before it looks beside the file that includes it.
        place.refuse(f"there is no {path} in {folder}/ of the role; put it there", line, action)


def _check_apply(place: Place, apply: Any, line: int) -> None:
    if apply is None:
        return
    if isinstance(apply, Block):
        check_keywords(place, apply, APPLY)
    else:
        place.refuse("write it as a mapping", line, "apply")


def _check_role(place: Place, action: str, given: Any, line: int) -> None:
    if not isinstance(given, Block):
        place.refuse("write it as a mapping: {name: …}", line, action)
        return
    if extra := given.keys() - _ROLE_OPTIONS - _FROM.keys():
        place.refuse("not admitted here; write name, and what it is given under vars", line, sorted(extra)[0])
    _check_apply(place, given.get("apply"), line)
    name = given.get("name")
    role = place.remedy.roles.get(name) if isinstance(name, str) else None
    if role is None:
        place.refuse(f"{name!r} is no role that the digest covers; name one in roles/ literally", line, action)
        return
    for key, folder in _FROM.items():
        if key in given:
            _check_from(place, role, folder, given[key], given.line_of(key), key)


def _check_from(place: Place, role: RoleFiles, folder: str, value: Any, line: int, key: str) -> None:
    path = literal_path(value)
    if path is None:
        place.refuse(f"name a file in {folder}/ of the role by its literal path", line, key)
    elif not {f"{folder}/{path}{ending}" for ending in ("", ".yml", ".yaml")} & role.files.keys():
        place.refuse(f"there is no {path} in {folder}/ of the role {role.name}; put it there", line, key)
