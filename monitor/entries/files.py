"""`fleetmend_folders` and `fleetmend_files`: what lies on a host."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from monitor.entries.fields import AbsolutePath, Entry, Place, Source
from monitor.sizes import Size


class FolderEntry(Entry):
    """One of `fleetmend_folders`: a folder and how many bytes its files may have together."""

    path: AbsolutePath
    budget: Size
    patterns: tuple[str, ...] = ("*.log", "*.log.*", "*.gz")
    """For the role that cleans; the probe adds up all files."""

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        return {"path": self.path, "budget": self.budget}


class FileEntry(Entry):
    """One of `fleetmend_files`: a file on the host, and the fleet's own copy of it."""

    path: AbsolutePath
    source: Source
    check_command: str | None = Field(default=None, alias="validate")
    mode: str | int | None = None

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        return {"path": self.path, "expected": place.files.digest_of(self.source)}
