"""`fleetmend_certificates` and `fleetmend_backups`: what has to be renewed in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from core.durations import Duration
from monitor.entries.fields import AbsolutePath, Entry, Place

Word = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Repository = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/][^\x00-\x20\x7f]{0,999}$")]
Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:\-]{0,99}$")]


class CertificateEntry(Entry):
    """One of `fleetmend_certificates`: a file with a certificate, and the command that renews it."""

    path: AbsolutePath
    command: tuple[Word, ...] = ()
    """For the role, word by word; without it, a person has to renew it."""

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        return {"path": self.path}


class BackupEntry(Entry):
    """One of `fleetmend_backups`: what restic saves, where to, and how old the newest snapshot may be."""

    paths: Annotated[tuple[AbsolutePath, ...], Field(min_length=1)]
    """For the roles; the probe goes by the tag."""
    repository: Repository
    password_file: AbsolutePath
    max_age: Duration = timedelta(hours=26)
    tag: Tag | None = None

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        if self.max_age <= timedelta(0):
            raise ValueError("max_age must be longer than 0s")
        return {
            "repository": self.repository,
            "password_file": self.password_file,
            "tag": self.tag or key,
            "max_age": self.max_age.total_seconds(),
        }
