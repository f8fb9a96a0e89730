"""What each module may be given. A plain module works on the host; one with an action plugin may read files here.

So the modules of a collection are admitted if they have no action plugin, and those of ansible-core that have one by
name, each with the arguments that could make it read a file of this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from catalog.allowlist.content import Place, literal_path
from catalog.allowlist.document import Block
from catalog.allowlist.fleet_files import braced
from catalog.allowlist.installed import unknown_module
from catalog.allowlist.keywords import META, RESERVED
from catalog.allowlist.templates import check_expressions, has_template

_BUILTIN = ("ansible.builtin.", "ansible.legacy.")
_FREE_FORM = frozenset({"command", "shell", "raw"})
_SOURCE_FOLDERS = {"copy": "files", "script": "files", "template": "templates", "unarchive": "files"}
_REFUSED = {
    "add_host": "hosts come from the inventory, which the plan binds",
    "assemble": "it reads a folder of this machine; keep one file in files/ and use ansible.builtin.copy",
    "fetch": "it writes to this machine; use ansible.builtin.slurp",
    "group_by": "groups come from the inventory, which the plan binds",
    "include": "use ansible.builtin.import_tasks",
    "include_vars": "move the variables into the role's vars/main.yml, or name a file of vars/ in vars_from",
}
_HERE = frozenset({"assert", "debug", "fail", "set_fact", "stat", "wait_for"})
"""What a task may do on this machine (`delegate_to: localhost`)."""
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 - names, not an address to listen on
_BACKENDS = frozenset({"auto", "apt", "dnf", "dnf4", "dnf5", "yum", "systemd", "sysvinit"})
_Check = Callable[[Place, str, Block, int], None]


def short_name(action: str) -> str:
    """The name within ansible-core: `copy` for `ansible.builtin.copy`."""
    for part in _BUILTIN:
        if action.startswith(part):
            return action.removeprefix(part)
    return action


def check_module(place: Place, action: str, given: Any, line: int, *, here: bool) -> None:
    """Check that *action* is admitted with *given*, which stands on *line*. *here*: it is delegated to this machine."""
    name = short_name(action)
    own = action in place.remedy.own_modules
    if here and (own or name not in _HERE):
        place.refuse("on this machine a task may only look: " + ", ".join(sorted(_HERE)), line, "delegate_to")
    if name in _REFUSED and not own:
        place.refuse(_REFUSED[name], line, action)
        return
    if not own and (problem := unknown_module(action, name, admitted=_CHECKS.keys())):
        place.refuse(problem, line, action)
        return
    arguments = _arguments(place, name, given, line, action)
    if arguments is not None and (not own or name in _CHECKS):
        _CHECKS.get(name, _nothing)(place, action, arguments, line)
        if here and name == "stat":
            _source_variable(place, action, arguments, "path")


def _nothing(place: Place, action: str, given: Block, line: int) -> None:
    """The module's arguments are data for the host."""


def _arguments(place: Place, name: str, given: Any, line: int, action: str) -> Block | None:
    """*given* as a mapping; None if there is nothing in it to check, or it was refused."""
    if given is None:
        return Block(line)
    if isinstance(given, Block):
        if hidden := [key for key in given if key.startswith("_") or (has_template(key) and name != "set_fact")]:
            place.refuse("this argument is Ansible's own; leave it out", given.line_of(hidden[0]), hidden[0])
        return given
    if isinstance(given, str) and name in _FREE_FORM:
        return None
    if isinstance(given, str) and name in ("meta", "script"):
        block = Block(line)
        block["free form"] = given
        return block
    place.refuse(
        "write the arguments as a mapping below the module; other forms are read in several ways", line, action
    )
    return None


def _source(place: Place, action: str, given: Block, line: int) -> None:
    """A file of this role by its literal path, of the fleet by its variable, or one that lies on the host."""
    name = short_name(action)
    for key in given.keys() & {"copy", "block_start_string", "variable_start_string", "comment_start_string"}:
        place.refuse("this changes what the source is taken for; leave it out", given.line_of(key), key)
    for key in given.keys() & {"block_end_string", "variable_end_string", "comment_end_string"}:
        place.refuse("this changes what the source is taken for; leave it out", given.line_of(key), key)
    if "remote_src" in given and given["remote_src"] is not True and given["remote_src"] is not False:
        place.refuse("write true or false", given.line_of("remote_src"), "remote_src")
    if given.get("remote_src") is True and name in ("copy", "unarchive"):
        return
    if "src" in given:
        _source_path(place, action, given["src"], given.line_of("src"), "src")


def _source_path(place: Place, action: str, value: Any, line: int, key: str) -> None:
    folder = _SOURCE_FOLDERS[short_name(action)]
    fleet = {braced(name) for name in place.remedy.fleet_files}
    if short_name(action) == "copy" and value in fleet:
        return
    path = literal_path(value)
    if path is None:
        place.refuse(f"name a file in {folder}/ of the role by its literal path, without a template", line, key)
    elif place.role is None or not place.role.has(folder, path):
        place.refuse(f"there is no {path} in {folder}/ of the role; put it there", line, key)


def _source_variable(place: Place, action: str, given: Block, key: str) -> None:
    if given.get(key) not in {braced(name) for name in place.remedy.fleet_files}:
        problem = "on this machine only the fleet's own file may be looked at, as <remedy>_source"
        place.refuse(problem, given.line_of(key), key)


def _script(place: Place, action: str, given: Block, line: int) -> None:
    key = "free form" if "free form" in given else "cmd"
    command = given.get(key)
    first = command.split(maxsplit=1)[0] if isinstance(command, str) and command.strip() else None
    _source_path(place, action, first, given.line_of(key), "script")


def _uri(place: Place, action: str, given: Block, line: int) -> None:
    if "src" in given and given.get("remote_src") is not True:
        place.refuse("it would be read from this machine; use body, or remote_src: true", given.line_of("src"), "src")
    if given.get("body_format", "raw") not in ("raw", "json", "form-urlencoded"):
        problem = "a form may name files of this machine; write raw, json or form-urlencoded"
        place.refuse(problem, given.line_of("body_format"), "body_format")


def _use(place: Place, action: str, given: Block, line: int) -> None:
    """The module that does the work may be named, and is then run instead."""
    for key in given.keys() & {"use", "use_backend"}:
        if given[key] not in _BACKENDS:
            place.refuse(f"write one of {', '.join(sorted(_BACKENDS))}", given.line_of(key), key)


def _meta(place: Place, action: str, given: Block, line: int) -> None:
    if given.get("free form") not in META:
        place.refuse(f"only {', '.join(sorted(META))} are admitted", line, action)


def _pause(place: Place, action: str, given: Block, line: int) -> None:
    for key in given.keys() - {"seconds", "minutes"}:
        place.refuse("nobody is there to answer; give seconds or minutes", given.line_of(key), key)


def _debug(place: Place, action: str, given: Block, line: int) -> None:
    if "var" in given:
        check_expressions(place, given["var"], given.line_of("var"), "var")


def _assert(place: Place, action: str, given: Block, line: int) -> None:
    if "that" in given:
        check_expressions(place, given["that"], given.line_of("that"), "that")


def _set_fact(place: Place, action: str, given: Block, line: int) -> None:
    for name in given.keys() - {"cacheable"}:
        check_assigned(place, name, given.line_of(name))


_CHECKS: Mapping[str, _Check] = {
    "assert": _assert,
    "command": _nothing,
    "copy": _source,
    "debug": _debug,
    "dnf": _use,
    "fail": _nothing,
    "gather_facts": _nothing,
    "meta": _meta,
    "package": _use,
    "pause": _pause,
    "raw": _nothing,
    "reboot": _nothing,
    "script": _script,
    "service": _use,
    "set_fact": _set_fact,
    "set_stats": _nothing,
    "shell": _nothing,
    "template": _source,
    "unarchive": _source,
    "uri": _uri,
    "validate_argument_spec": _nothing,
    "wait_for_connection": _nothing,
}
"""The modules of ansible-core with an action plugin that are admitted, and what is checked of their arguments."""


def check_assigned(place: Place, name: str, line: int) -> None:
    """Refuse to set a variable that changes what Ansible loads, or that an admitted path rests on."""
    if has_template(name):
        place.refuse("write the name of the variable out", line)
    elif name.startswith("ansible_") or name in RESERVED:
        place.refuse(
            f"{name} is Ansible's own: the inventory and Ansible set it; call yours something else", line, name
        )
    elif name in place.remedy.settled:
        place.refuse(f"{name} holds an admitted path, and is set in the role's main.yml alone", line, name)


def check_variables(place: Place, given: Any, line: int) -> None:
    """Check the names in a mapping of variables."""
    if given is None:
        return
    if not isinstance(given, Block):
        place.refuse("write the variables as a mapping", line, "vars")
        return
    for name in given:
        check_assigned(place, name, given.lines[name])
