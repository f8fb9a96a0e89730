"""The files that configure ssh on this machine, which Ansible's connections read beside its own settings."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

SYSTEM = Path("/etc/ssh/ssh_config")
_DEEPEST = 16
"""How deep ssh follows `Include`."""


def ssh_config_files(home: Path, arguments: Iterable[str], system: Path = SYSTEM) -> tuple[Path, ...]:
    """Return the files that ssh would read, with those that they include: the user's, the system's, or `-F` ones.

    *home* is the user's; *arguments* are the SSH options in use. Files that are not there are left out.
    """
    named = [Path(given.replace("~", str(home), 1) if given.startswith("~") else given) for given in _given(arguments)]
    found: dict[Path, None] = {}
    for start in (*named, home / ".ssh" / "config", system):
        folder = system.parent if start == system else home / ".ssh"
        for file in _with_included(start, folder, home, _DEEPEST):
            found[file] = None
    return tuple(found)


def _given(arguments: Iterable[str]) -> Iterator[str]:
    """The values of `-F` in *arguments*."""
    for text in arguments:
        try:
            words = shlex.split(text)
        except ValueError:
            continue
        for place, word in enumerate(words):
            given = word[2:] or "".join(words[place + 1 : place + 2])
            if word.startswith("-F") and given:
                yield given


def _with_included(file: Path, folder: Path, home: Path, depth: int) -> Iterator[Path]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    yield file
    for line in lines:
        keyword, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        if keyword.lower() != "include" or depth == 0:
            continue
        for pattern in (word.strip('"') for word in rest.split()):
            place = str(home) + pattern[1:] if pattern.startswith("~") else str(folder / pattern)
            for included in sorted(Path("/").glob(place.lstrip("/"))):
                yield from _with_included(included, folder, home, depth - 1)
