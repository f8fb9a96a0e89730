"""Private folders: where one Ansible run keeps its files, out of everybody's sight and for no longer than it lasts.

A folder is made once and never used again. While its maker lives it is held by a lock, which the kernel drops when the
maker dies: that is how a folder that was left behind is told from one in use, without asking a database.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Refused

RUNS = "runs"
"""Below the state folder: one folder per run, named by its id."""
LOOKS = "looks"
"""Below the state folder: one folder per preview or sweep. They change nothing, so nobody settles them."""

FLEET = "fleet"
"""In a private folder: the frozen inventory, and the fleet's files that a run reads."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,80}")
_LOCK = ".held"
_TRIES = 5


def folder_of(state: Path, kind: str, run_id: str) -> Path:
    """Where the private folder of *run_id* lies, absolute. Raises Refused for an id that is no plain name."""
    if not _ID.fullmatch(run_id):
        raise Refused(f"{run_id!r} is not the id of a run; list the ones that exist with `fleetmend runs`")
    return state.absolute() / kind / run_id


@contextmanager
def private_folder(folder: Path) -> Iterator[Path]:
    """Make *folder* (mode 0700), hold it, and remove it with all that is in it. Raises Refused if it exists."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        raise Refused(
            f"the private folder of {folder.name} exists already, and nothing runs twice; settle the run first"
        ) from None
    try:
        held = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(held)
    finally:
        remove_folder(folder)


def remove_folder(folder: Path) -> None:
    """Remove *folder* if it is there. Raises OSError if something in it can't be removed."""
    for tries_left in reversed(range(_TRIES)):
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            if not folder.exists():
                return
        except OSError:
            if not tries_left:
                raise
        else:
            return
        time.sleep(0.05)  # a process that was just ended may have written while the folder was being removed


def abandoned(parent: Path) -> list[Path]:
    """The private folders below *parent* whose makers died."""
    if not parent.is_dir():
        return []
    return [folder for folder in sorted(parent.iterdir()) if folder.is_dir() and not _held(folder)]


def _held(folder: Path) -> bool:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        return time.time() - folder.stat().st_mtime < 60  # its maker may be between making it and locking it
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
