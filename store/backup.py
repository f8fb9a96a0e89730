"""Backup of the embedded store into one archive, while it is in use, and its restore.

The archive holds what belongs together: the database, the journal's key and head, and a manifest with a checksum of
each. The head is copied before the database: the journal in the copy then reaches at least as far as the head says.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from core.clock import Clock
from core.errors import BadInput, Conflict, Refused, Retryable
from core.state_lock import own_state
from store.database import Database
from store.migrations import revisions
from store.store import open_store

DATABASE, KEY, HEAD = "fleetmend.db", "journal.key", "journal.head"
_STATE_FILES = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", KEY, HEAD)
_MANIFEST, _FORMAT = "manifest.json", 1
_NEEDED, _KNOWN = (DATABASE, KEY), (DATABASE, KEY, HEAD)
_LARGEST_MANIFEST = 1_000_000


class Backup(NamedTuple):
    """What an archive holds. `entries` of the journal, `incidents` and `runs` are counted by the proof at a restore."""

    made_at: datetime
    revision: str
    size: int


class Restored(NamedTuple):
    """What was restored, and where the state lies that was there before (None if there was none)."""

    backup: Backup
    entries: int
    incidents: int
    runs: int
    aside: Path | None


def back_up(state: Path, target: Path, clock: Clock) -> Backup:
    """Write the store in *state* into a new archive *target*, readable by its owner alone; `up` may go on meanwhile.

    Raises BadInput if there is no store, Conflict if *target* is there, Retryable if it can't be written.
    """
    if not (state / DATABASE).exists() or not (state / KEY).exists():
        raise BadInput("there is no store to back up; `fleetmend up` makes one", file=state, key="FLEETMEND_STATE")
    if target.exists():
        raise Conflict(f"{target} is there already; choose another name, or remove it")
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as temporary:
            copies = _copies(state, Path(temporary))
            manifest = {
                "format": _FORMAT,
                "made_at": clock.now().isoformat(),
                "revision": _revision(copies[DATABASE]),
                "sha256": {name: _digest(copy) for name, copy in copies.items()},
            }
            archive = Path(temporary) / "archive"
            _pack(archive, manifest, copies)
            os.link(archive, target)  # fails, where a rename would replace what somebody put there meanwhile
    except FileExistsError:
        raise Conflict(f"{target} is there already; choose another name, or remove it") from None
    except (OSError, sqlite3.Error) as error:
        raise Retryable(f"{target} can't be written: {error}") from None
    return Backup(clock.now(), str(manifest["revision"]), target.stat().st_size)


def restore(source: Path, state: Path, clock: Clock, *, force: bool = False) -> Restored:
    """Put the store of the archive *source* into *state*, once its checksums and its journal's proof hold.

    What is there already needs *force*, and is moved aside. Raises BadInput for an archive that is damaged or of a
    newer fleetmend, Conflict while `up` runs on *state* or if it holds a store, Refused if the proof does not hold.
    """
    with own_state(state):
        there = [state / name for name in _STATE_FILES if (state / name).exists()]
        if there and not force:
            raise Conflict(f"{state} holds a store already; --force moves it aside and puts the backup in its place")
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=state) as temporary:
            fresh = Path(temporary)
            manifest = _unpack(source, fresh)
            proof = _prove(fresh, clock)
            aside = _move_aside(there, state, clock) if there else None
            for name in (KEY, HEAD, DATABASE):
                if (fresh / name).exists():
                    (fresh / name).replace(state / name)
    made_at = datetime.fromisoformat(manifest["made_at"])
    backup = Backup(made_at, str(manifest["revision"]), source.stat().st_size)
    return Restored(backup, *proof, aside)


def _copies(state: Path, folder: Path) -> dict[str, Path]:
    copies = {}
    for name in (KEY, HEAD):
        if (state / name).exists():
            copies[name] = Path(shutil.copy(state / name, folder / name))
    copies[DATABASE] = folder / DATABASE
    with closing(sqlite3.connect(state / DATABASE)) as live, closing(sqlite3.connect(copies[DATABASE])) as copy:
        live.backup(copy)  # in one step: a consistent moment, and writers go on
        copy.execute("PRAGMA journal_mode=DELETE")
    return copies


def _pack(archive: Path, manifest: dict[str, Any], copies: dict[str, Path]) -> None:
    descriptor = os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as tar:
            text = json.dumps(manifest, indent=2).encode()
            about = tarfile.TarInfo(_MANIFEST)
            about.size = len(text)
            about.mode = 0o600
            tar.addfile(about, io.BytesIO(text))
            for name, copy in sorted(copies.items()):
                tar.add(copy, name)
        file.flush()
        os.fsync(file.fileno())


def _unpack(source: Path, folder: Path) -> dict[str, Any]:
    """Write the archive's files into *folder* and check them. Nothing but the names that we know is taken out."""
    try:
        with tarfile.open(source, "r:gz") as tar:
            inside = {member.name: member for member in tar if member.isfile()}
            manifest = _manifest(tar, inside, source)
            for name in manifest["sha256"]:
                member = tar.extractfile(inside[name])
                descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    shutil.copyfileobj(member, file)  # type: ignore[arg-type]  # it is a file: see `inside`
                    file.flush()
                    os.fsync(file.fileno())
    except FileNotFoundError:
        raise BadInput("no such file", file=source) from None
    except (tarfile.TarError, EOFError, KeyError, OSError, ValueError) as error:
        raise BadInput(f"this is no whole backup: {error}", file=source) from None
    for name, digest in manifest["sha256"].items():
        if _digest(folder / name) != digest:
            raise BadInput(f"it is damaged: the checksum of {name} does not fit", file=source)
    return manifest


def _manifest(tar: tarfile.TarFile, inside: dict[str, tarfile.TarInfo], source: Path) -> dict[str, Any]:
    file = tar.extractfile(inside[_MANIFEST])
    manifest = json.loads(b"" if file is None else file.read(_LARGEST_MANIFEST))
    if manifest["format"] != _FORMAT:
        raise BadInput(f"it has the format {manifest['format']!r}; a newer fleetmend made it", file=source)
    names = manifest["sha256"].keys()
    if not set(_NEEDED) <= names <= set(_KNOWN):
        raise BadInput(f"it should hold {', '.join(_KNOWN)}, and holds {', '.join(names)}", file=source)
    datetime.fromisoformat(manifest["made_at"])
    return dict(manifest)


def _prove(fresh: Path, clock: Clock) -> tuple[int, int, int]:
    """Bring the restored database up to date, and check its journal."""
    store = open_store(f"sqlite:///{fresh / DATABASE}", fresh, clock)
    try:
        proof = store.proof()
    finally:
        store.close()
    if proof.violation is not None:
        raise Refused(f"the backup's journal was changed, so nothing was restored: {proof.violation}")
    return proof.entries, proof.incidents, proof.runs


def _move_aside(there: list[Path], state: Path, clock: Clock) -> Path:
    aside = state / f"before-restore-{clock.now():%Y%m%dT%H%M%S%f}"
    aside.mkdir(mode=0o700)
    for path in there:
        path.replace(aside / path.name)
    return aside


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _revision(database: Path) -> str:
    opened = Database(f"sqlite:///{database}")
    try:
        return str(revisions(opened.engine).current)
    finally:
        opened.close()
