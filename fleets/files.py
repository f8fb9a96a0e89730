"""A fleet's own files, which hosts are compared with. Each is read once in a sweep, for all hosts.

Border: `source` is what an entry of the inventory says; nothing outside the fleet's folder is ever read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

LARGEST = 64 * 1024 * 1024
T = TypeVar("T")


class FleetFiles:
    """The files below a fleet's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._contents: dict[str, bytes | ValueError] = {}
        self._digests: dict[str, str | ValueError] = {}

    def content_of(self, source: str) -> bytes:
        """The content of *source*. Raises ValueError, saying what is wrong with it."""
        return _once(self._contents, source, self._look)

    def digest_of(self, source: str) -> str:
        """SHA-256 of *source*, as hexadecimal digits; the content is not kept. Raises as `content_of`."""
        return _once(self._digests, source, lambda source: hashlib.sha256(self._look(source)).hexdigest())

    def _look(self, source: str) -> bytes:
        try:
            path = (self._folder / source).resolve()
            if path.is_relative_to(self._folder):
                if path.stat().st_size <= LARGEST:
                    return path.read_bytes()
                problem = "is larger than 64 MiB"
            else:
                problem = "lies outside the fleet's folder"
        except (OSError, ValueError) as error:
            problem = f"can't be read in the fleet's folder: {getattr(error, 'strerror', None) or error}"
        raise ValueError(f"source {source} {problem}")


def _once(known: dict[str, T | ValueError], source: str, look: Callable[[str], T]) -> T:
    if source not in known:
        try:
            known[source] = look(source)
        except ValueError as error:
            known[source] = error
    found = known[source]
    if isinstance(found, ValueError):
        raise ValueError(str(found))
    return found
