"""Has any of these files changed? A cheap answer from the file system, without reading them; for caches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

Signature = frozenset[tuple[str, int, int, int]]
"""(path, mtime in ns, ctime in ns, size) of every entry; the ctime shows an edit whose mtime was put back."""

_SKIPPED = frozenset({".git", "__pycache__"})


def signature_of(places: Iterable[Path]) -> Signature:
    """Return the signature of the files at *places*, folders with all that is in them. What is missing is left out."""
    return frozenset(entry for place in places for entry in _entries(place))


def _entries(place: Path) -> Iterator[tuple[str, int, int, int]]:
    try:
        status = place.stat()
        inside = list(place.iterdir()) if place.is_dir() else []
    except OSError:
        return
    yield str(place), status.st_mtime_ns, status.st_ctime_ns, status.st_size
    for path in inside:
        # A link to a folder could lead back up; what such a link leads to does not count.
        if path.name not in _SKIPPED and not (path.is_symlink() and path.is_dir()):
            yield from _entries(path)
