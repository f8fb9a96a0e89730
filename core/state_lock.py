"""One process at a time owns a state folder: `fleetmend up`, or a restore that puts another state in its place."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from core.errors import Conflict


def own_state(state: Path) -> IO[str]:
    """Hold the state folder's lock until the file is closed. Raises Conflict if another process holds it."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (state / "up.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise Conflict(f"fleetmend is already running on {state}; stop it, or set another FLEETMEND_STATE") from None
    return lock
