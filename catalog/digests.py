"""The digest of a remedy or probe: over every file that can run on its account, by relative path and content."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from core.digests import digest_of_files
from core.errors import BadInput

_LEFT_OUT = "__pycache__"
"""Python makes these by itself when it runs a role's module; Ansible ships the source."""


def remedy_files(playbook: Path, card: Path, roles: Mapping[str, Path]) -> dict[str, Path]:
    """Return what a remedy's digest covers: path relative to a content folder -> file. Raises BadInput for links."""
    files = {f"playbooks/{path.name}": path for path in (playbook, card)}
    for name, folder in roles.items():
        for path in _files_in(folder):
            files[f"roles/{name}/{path.relative_to(folder).as_posix()}"] = path
    for path in (playbook, card, *roles.values()):
        _refuse_link(path)
    return dict(sorted(files.items()))


def digest_of_paths(files: Mapping[str, Path]) -> str:
    """The digest over *files* (relative path -> file). Raises BadInput for a link, or a file that can't be read."""
    content = {}
    for name, path in files.items():
        _refuse_link(path)
        try:
            content[name] = path.read_bytes()
        except OSError as error:
            raise BadInput(f"can't be read: {error.strerror}", file=path) from None
    return digest_of_files(content)


def _files_in(folder: Path) -> Iterable[Path]:
    for current, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != _LEFT_OUT)
        for name in folders:
            _refuse_link(Path(current) / name)
        yield from (Path(current) / name for name in sorted(names) if not name.endswith(".pyc"))


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise BadInput("a symbolic link can change what it points at unseen; put the file itself here", file=path)
