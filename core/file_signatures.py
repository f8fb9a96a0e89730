"""Has any of these files changed? A cheap answer from the file system, without reading them; for caches."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

Signature = frozenset[tuple[str, int, int, int]]
"""(path, mtime in ns, ctime in ns, size) of every entry; the ctime shows an edit whose mtime was put back."""

_SKIPPED = frozenset({".git", "__pycache__"})


def signature_of(places: Iterable[Path]) -> Signature:
    """Return the signature of the files at *places*, folders with all that is in them. What is missing is left out."""
    found: list[tuple[str, int, int, int]] = []
    for place in places:
        try:
            found.append(_entry(str(place), place.stat()))
        except OSError:
            continue
        _look_into(str(place), found)
    return frozenset(found)


def _look_into(folder: str, found: list[tuple[str, int, int, int]]) -> None:
    """It is asked for at every step of every incident: hence plain paths, and no more questions than are needed."""
    try:
        with os.scandir(folder) as inside:
            entries = list(inside)
    except OSError:
        return
    for entry in entries:
        if entry.name in _SKIPPED:
            continue
        try:
            is_folder = entry.is_dir()
            # A link to a folder could lead back up; what such a link leads to does not count.
            if is_folder and entry.is_symlink():
                continue
            found.append(_entry(entry.path, entry.stat()))
        except OSError:
            continue
        if is_folder:
            _look_into(entry.path, found)


def _entry(path: str, status: os.stat_result) -> tuple[str, int, int, int]:
    return path, status.st_mtime_ns, status.st_ctime_ns, status.st_size
