"""Errors, named by what the caller must do about them. Every message is one line that says what to do next."""

from __future__ import annotations

import errno
from pathlib import Path


class FleetmendError(Exception):
    """The root. `exit_code` is what the command line ends with; see `docs/reference/cli.md`."""

    exit_code = 1


class Retryable(FleetmendError):
    """Nothing is wrong with the request: the same call may work later."""

    exit_code = 75


class TooMany(Retryable):
    """Too many attempts, by whoever: the same call may work after `seconds`."""

    def __init__(self, problem: str, *, seconds: int) -> None:
        super().__init__(problem)
        self.seconds = seconds


class StorageFull(Retryable):
    """The disk or the quota that the database is on is full: room has to be made first. Nothing was stored."""


class Final(FleetmendError):
    """Repeating the call cannot help; the cause has to change first."""


class NeedsHuman(FleetmendError):
    """The loop has nothing safe left to do by itself: escalate."""


class BadInput(Final):
    """A file, setting or argument that does not fit. Nothing was started or stored."""

    exit_code = 2

    def __init__(self, problem: str, *, file: Path | None = None, line: int | None = None, key: str | None = None):
        place = ":".join(str(part) for part in (file, line) if part is not None)
        words = [place + ":" if place else "", f"{key}:" if key else "", problem]
        super().__init__(" ".join(word for word in words if word))
        self.problem, self.file, self.line, self.key = problem, file, line, key


class Refused(Final):
    """A law or the policy says no. The refusal is journalled; nothing ran."""

    exit_code = 3


class NotFound(Final):
    """No such fleet, incident, run, ….  The message says how to list the ones that exist."""

    exit_code = 4


class Conflict(Final):
    """The thing moved on since the caller looked (a compare-and-set that lost, a second decision)."""

    exit_code = 5


class Overtaken(Conflict):
    """Somebody else changed the thing between our looking at it and our writing: looking again may help."""


class LeaseLost(Retryable):
    """Another worker holds the lease now: stop at once and write nothing more."""


class Unvetted(Refused):
    """The remedy's files differ from the vetted digest, so it cannot run."""


class ModelFailed(Retryable):
    """The language model gave no usable answer; the rules answer instead."""


_PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN})
_NO_THREAD = "can't start new thread"


def passing(error: BaseException) -> bool:
    """True if the machine had no files, memory, processes or threads left when *error* arose: that passes.

    What it was raised from counts too, however it was put into words since.
    """
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, MemoryError) or (isinstance(cause, OSError) and cause.errno in _PASSING):
            return True
        if isinstance(cause, RuntimeError) and _NO_THREAD in str(cause):
            return True
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return False
