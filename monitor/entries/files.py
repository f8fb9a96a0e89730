"""`fleetmend_folders`, `fleetmend_logs`, `fleetmend_mounts` and `fleetmend_files`: what lies on a host."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from monitor.entries.fields import AbsolutePath, Entry, Place, Source, Unit
from monitor.sizes import Size


class FolderEntry(Entry):
    """One of `fleetmend_folders`: a folder and how many bytes its files may have together."""

    path: AbsolutePath
    budget: Size
    patterns: tuple[str, ...] = ("*.log", "*.log.*", "*.gz")
    """For the role that cleans; the probe adds up all files."""

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        return {"path": self.path, "budget": self.budget}


class LogEntry(Entry):
    """One of `fleetmend_logs`: a unit of systemd, and how many lines a second it may write to the journal."""

    unit: Unit
    limit: Annotated[float, Field(gt=0, le=100_000)] = 50.0


class MountEntry(Entry):
    """One of `fleetmend_mounts`: a mount point that something has to be mounted on."""

    path: AbsolutePath
    read_only: bool = False
    """It may be read-only, so that only its absence counts."""


class FileEntry(Entry):
    """One of `fleetmend_files`: a file on the host, and the fleet's own copy of it."""

    path: AbsolutePath
    source: Source
    check_command: str | None = Field(default=None, alias="validate")
    mode: str | int | None = None
    action: Literal["restarted", "reloaded"] | None = None
    """For the role: what the service gets; None: as the role's option says."""

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        return {"path": self.path, "expected": place.files.digest_of(self.source)}
