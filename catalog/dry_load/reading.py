"""Our reading of a document, in the form in which Ansible's is compared with it."""

from __future__ import annotations

from typing import Any

from catalog.allowlist.document import Block, Items
from catalog.allowlist.keywords import BLOCKS, TASK


def plain(value: Any) -> Any:
    """*value* as JSON gives it back: no lines, no marks."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, str) else value


def actions_in(tasks: Any) -> list[tuple[str, int]]:
    """The module of each of *tasks*, blocks opened, with its line. They have passed `allowlist.tasks`."""
    found: list[tuple[str, int]] = []
    for task in tasks if isinstance(tasks, Items) else []:
        if not isinstance(task, Block):
            continue
        if "block" in task:
            for part in BLOCKS:
                found += actions_in(task.get(part))
        else:
            found += [(key, task.lines[key]) for key in task if key not in TASK and not key.startswith("with_")]
    return found
