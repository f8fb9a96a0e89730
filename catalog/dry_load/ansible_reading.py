"""A program: how Ansible reads files and resolves names. The only file of fleetmend that imports Ansible's Python.

It is started as a process of its own, with the environment of a run, so that Ansible's imports (0.3 s), settings and
plugin loaders stay out of fleetmend's. Standard input: `{"documents": [path], "tasks": [path], "roles": [path],
"modules": [name]}`. Standard output: `{"documents": {path: content}, "actions": {path: [name]}, "modules": {name:
[path]}}`; of a module, the files that Ansible would run for it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.parsing.mod_args import ModuleArgsParser
from ansible.plugins.loader import action_loader, add_all_plugin_dirs, init_plugin_loader, module_loader

_BLOCKS = ("block", "rescue", "always")
_NO_MODULES = ("include_tasks", "import_tasks", "include_role", "import_role", "meta")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else str(value)


def _actions(tasks: Any) -> list[str]:
    found: list[str] = []
    for task in tasks or []:
        if "block" in task:
            for part in _BLOCKS:
                found += _actions(task.get(part))
        else:
            action, _given, _host = ModuleArgsParser(task).parse(skip_action_validation=True)
            found.append(str(action))
    return found


def _files_of(module: str) -> list[str]:
    if module.rpartition(".")[2] in _NO_MODULES:
        return []
    found = module_loader.find_plugin_with_context(module)
    action = (found.action_plugin if found.resolved else None) or module
    acting = action_loader.find_plugin_with_context(action)
    return [str(one.plugin_resolved_path) for one in (found, acting) if one.resolved]


def main() -> None:
    """Answer one request."""
    asked = json.load(sys.stdin)
    init_plugin_loader()
    for role in asked["roles"]:
        add_all_plugin_dirs(role)
    loader = DataLoader()
    read = {path: loader.load_from_file(path, trusted_as_template=True) for path in asked["documents"]}
    answer = {
        "documents": {path: _plain(content) for path, content in read.items()},
        "actions": {path: _actions(read[path]) for path in asked["tasks"]},
        "modules": {name: _files_of(name) for name in asked["modules"]},
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
