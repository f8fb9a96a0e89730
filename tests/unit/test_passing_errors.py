"""Errors for want of files, memory or threads pass, wherever they were put into other words; faults don't."""

from __future__ import annotations

import errno
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import BadInput, passing
from core.states import State
from tests.world import open_house


def _put_into_words(cause: OSError, *, openly: bool) -> Exception:
    try:
        try:
            raise cause
        except OSError as error:
            raise BadInput("it can't be read") from (error if openly else None)
    except BadInput as words:
        return words


AUTO = {"auto": {"risk": "low", "confidence": 0.0}, "require_proof": "never"}
LACKS = [
    OSError(errno.EMFILE, "Too many open files"),
    OSError(errno.ENFILE, "Too many open files in system"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    BlockingIOError(errno.EAGAIN, "fork: Resource temporarily unavailable"),
    MemoryError(),
    RuntimeError("can't start new thread"),
    _put_into_words(OSError(errno.EMFILE, "Too many open files"), openly=True),
    _put_into_words(OSError(errno.EMFILE, "Too many open files"), openly=False),
]
FAULTS = [OSError(errno.ENOENT, "No such file"), RuntimeError("no"), ValueError(), BadInput("x")]


@pytest.mark.parametrize("error", LACKS, ids=repr)
def test_what_the_machine_lacks_passes(error: Exception) -> None:
    assert passing(error)


@pytest.mark.parametrize("error", FAULTS, ids=repr)
def test_a_fault_does_not(error: Exception) -> None:
    assert not passing(error)


@pytest.mark.parametrize("error", LACKS, ids=repr)
def test_a_step_is_put_off_and_goes_on_once_there_is_room(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_house(tmp_path, mode="auto", policy=AUTO) as house:
        recheck = house.world.check

        def lacking(*_arguments: object) -> None:
            raise error

        monkeypatch.setattr(house.world, "check", lacking)
        incident = house.report()
        house.settle_down(timedelta(seconds=40))
        waiting = house.incident(incident.id)
        assert waiting.state in {State.APPROVED, State.VERIFYING}, waiting.reason
        monkeypatch.setattr(house.world, "check", recheck)
        house.settle_down()
        assert house.incident(incident.id).state is State.RESOLVED
