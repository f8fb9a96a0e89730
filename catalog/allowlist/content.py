"""The files of one remedy as the checks see them, and the place that a finding points at."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from core.errors import BadInput

_LITERAL_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*(/[A-Za-z0-9_.@+-]+)*/?")
"""A path that Ansible takes as it stands: no template, `~`, `$`, blank or backslash, and nothing above the folder."""


def literal_path(value: object) -> str | None:
    """*value* if it is a relative path without anything that Ansible would read as more, else None."""
    if not isinstance(value, str) or not _LITERAL_PATH.fullmatch(value):
        return None
    return None if ".." in PurePosixPath(value).parts else value


@dataclass(frozen=True)
class RoleFiles:
    """One role that a remedy reaches: relative path -> file, as its digest covers them."""

    name: str
    files: Mapping[str, Path]

    def has(self, folder: str, path: str) -> bool:
        """Whether *folder* of this role holds the file, or the folder, *path*."""
        wanted = f"{folder}/{path.rstrip('/')}"
        return wanted in self.files or any(name.startswith(f"{wanted}/") for name in self.files)

    @cached_property
    def own_modules(self) -> frozenset[str]:
        """The names of the modules and actions that lie in this role."""
        return frozenset(
            PurePosixPath(name).stem
            for name in self.files
            if name.startswith(("library/", "action_plugins/")) and name.endswith((".py", ".sh", ".ps1"))
        )

    @cached_property
    def plugin_words(self) -> frozenset[str]:
        """Every string in the role's filters, tests and lookups, and the names of these files.

        The name of a filter is a key of what Python would return. Running the file to ask would run what nobody has
        vetted yet, so each string in it counts as a name.
        """
        words: set[str] = set()
        for name, path in self.files.items():
            if name.startswith(("filter_plugins/", "test_plugins/", "lookup_plugins/")) and name.endswith(".py"):
                words.add(PurePosixPath(name).stem)
                words |= _strings_of(path)
        return frozenset(words)


def _strings_of(path: Path) -> set[str]:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return set()
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@dataclass(frozen=True)
class RemedyFiles:
    """All that a remedy consists of: its playbook, its roles by name, and the card's `from` by parameter."""

    id: str
    playbook: Path
    roles: Mapping[str, RoleFiles]
    sources: Mapping[str, str]
    copies: Mapping[str, str] = field(default_factory=dict)
    """The card's `copies`: inventory variable -> key of its entries that names a file."""
    fleet_files: frozenset[str] = frozenset()
    """Variables that hold the path of a file which the fleet keeps; see `fleet_files.py`."""
    programs: frozenset[str] = frozenset()
    """Variables that hold the path of a program beside Ansible's own Python."""
    settled_at: frozenset[tuple[str, str]] = frozenset()
    """Which variables these forms rest on, and the one file that sets each: (variable, `role/vars/main.yml`)."""

    @cached_property
    def settled(self) -> frozenset[str]:
        """The variables that nothing but their own file may set."""
        return frozenset(name for name, _ in self.settled_at)

    @cached_property
    def own_modules(self) -> frozenset[str]:
        """The modules of all its roles: Ansible offers each to all of them."""
        return frozenset().union(*(role.own_modules for role in self.roles.values()))

    @cached_property
    def plugin_words(self) -> frozenset[str]:
        """What `RoleFiles.plugin_words` says, of all its roles."""
        return frozenset().union(*(role.plugin_words for role in self.roles.values()))


@dataclass(frozen=True)
class Place:
    """A file that is being checked, the role that it belongs to, and where findings go."""

    remedy: RemedyFiles
    file: Path
    role: RoleFiles | None
    path: str = ""
    """Relative to the role."""
    findings: list[BadInput] = field(default_factory=list)

    def refuse(self, problem: str, line: int | None, key: str | None = None) -> None:
        """Record that something in this file is not admitted, once for each line and problem."""
        finding = BadInput(problem, file=self.file, line=line, key=key)
        if all(str(finding) != str(known) for known in self.findings):
            self.findings.append(finding)
