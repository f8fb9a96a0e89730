"""Has any of these files changed? A cheap answer from the file system, without reading them; for caches."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

Signature = frozenset[tuple[str, int, int, int]]
"""(path, mtime in ns, ctime in ns, size) of every entry; the ctime shows an edit whose mtime was put back."""

_SKIPPED = frozenset({".git", "__pycache__"})


def signature_of(places: Iterable[Path]) -> Signature:
    """Return the signature of the files at *places*, folders with all that is in them. What is missing is left out."""
    found = (entry for place in places for entry in walk(place))
    return frozenset((path, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size) for path, seen in found)


def files_below(place: Path) -> Iterator[Path]:
    """Yield the files among `walk(place)`: *place* itself, or all in it."""
    return (Path(path) for path, status in walk(place) if stat.S_ISREG(status.st_mode))


def walk(place: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield *place* and, if it is a folder, all that is in it, at any depth: (path, status), links followed.

    What is missing or can't be looked at is left out, and so is a link that leads back to a folder above it.
    """
    try:
        status = place.stat()
    except OSError:
        return
    yield str(place), status
    yield from _look_into(str(place), ((status.st_dev, status.st_ino),))


def _look_into(folder: str, above: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, os.stat_result]]:
    """It is asked for at every step of every incident: hence plain paths, and no more questions than are needed."""
    try:
        with os.scandir(folder) as inside:
            entries = sorted(inside, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name in _SKIPPED:
            continue
        try:
            is_folder = entry.is_dir()
            status = entry.stat()
        except OSError:
            continue
        # A link to a folder could lead back up, and without end.
        if is_folder and (status.st_dev, status.st_ino) in above:
            continue
        yield entry.path, status
        if is_folder:
            yield from _look_into(entry.path, (*above, (status.st_dev, status.st_ino)))
