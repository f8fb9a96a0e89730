"""One process at a time: a lock on a file, which the kernel takes back when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(path: Path, *, busy: Callable[[], None]) -> Iterator[None]:
    """Hold the lock at *path*. If another process has it, call *busy*, which may raise; then wait for it.

    The file goes when the lock is given back: a lock is no trace of a lab.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = _take(path, busy)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _take(path: Path, busy: Callable[[], None]) -> int:
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                busy()
                fcntl.flock(handle, fcntl.LOCK_EX)
            if _same(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # its holder removed the file while we waited: what we hold is nobody's lock any more


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
