"""The one form in which a remedy may read a file that the fleet keeps, and one for programs beside Ansible's Python.

A remedy `r` whose card says `parameters: {p: {from: V}}` and `copies: {V: source}` may define, in its role of the same
name, exactly

    defaults/main.yml   r_root: "{{ inventory_dir }}"
    vars/main.yml       r_entry: "{{ V[r_p] }}"
                        r_source: "{{ r_root }}/{{ r_entry.source }}"

and then name the file as `r_source`, and in no other way. Whoever starts a run knows so which file is meant: the
`source` of the entry that the plan's parameter names, in the folder of the fleet. It can be copied, and bound.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from catalog.allowlist.content import RemedyFiles, RoleFiles
from catalog.allowlist.document import Block, read_document
from core.errors import BadInput

_PROGRAM = re.compile(r"\{\{ ansible_playbook_python \| dirname \}\}/[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SPACES = re.compile(r"\s+")


def braced(expression: str) -> str:
    """*expression* as a template, in the one way of writing it that the forms take."""
    return "{{ " + expression + " }}"


def with_forms(remedy: RemedyFiles) -> RemedyFiles:
    """Return *remedy* with the variables that hold admitted paths, and what they rest on."""
    programs = frozenset(
        (name, f"{role.name}/vars/main.yml")
        for role in remedy.roles.values()
        for name, value in _variables(role, "vars").items()
        if isinstance(value, str) and _PROGRAM.fullmatch(value)
    )
    role = remedy.roles.get(remedy.id)
    rests_on = _fleet_file(remedy, role) if role is not None else frozenset()
    files = frozenset({f"{remedy.id}_source"}) if rests_on else frozenset()
    names = frozenset(name for name, _ in programs)
    return replace(remedy, fleet_files=files, programs=names, settled_at=programs | rests_on)


def _fleet_file(remedy: RemedyFiles, role: RoleFiles) -> frozenset[tuple[str, str]]:
    """The variables of the form with the files that set them, or none if *role* does not have it exactly."""
    root, entry, source = (f"{remedy.id}_{part}" for part in ("root", "entry", "source"))
    defaults, variables = _variables(role, "defaults"), _variables(role, "vars")
    if defaults.get(root) != "{{ inventory_dir }}" or root in variables or {entry, source} & defaults.keys():
        return frozenset()
    for parameter, variable in remedy.sources.items():
        key = remedy.copies.get(variable)
        if key is None:
            continue  # what the card does not say is not frozen for a run, and would not be there
        paths = {f"{braced(root)}/{braced(value)}" for value in (f"{entry}.{key}", f"{entry}.{key} | default('')")}
        entries = {
            braced(f"{variable}[{remedy.id}_{parameter}]"),
            braced(f"({variable} | default({{}}))[{remedy.id}_{parameter}] | default({{}}, true)"),
        }
        if variables.get(source) in paths and variables.get(entry) in entries:
            break
    else:
        return frozenset()
    in_vars = f"{role.name}/vars/main.yml"
    return frozenset({(root, f"{role.name}/defaults/main.yml"), (entry, in_vars), (source, in_vars)})


def _variables(role: RoleFiles, part: str) -> dict[str, Any]:
    """What `main.yml` of *part* says; nothing if it can't be read, which the check of the role reports."""
    path = role.files.get(f"{part}/main.yml")
    try:
        content = None if path is None else read_document(path)
    except BadInput:
        return {}
    if not isinstance(content, Block):
        return {}
    return {
        name: _SPACES.sub(" ", value).strip() if isinstance(value, str) else value for name, value in content.items()
    }
