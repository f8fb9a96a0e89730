"""The module process_signal: which process is the right one, and how one ends."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

SOURCE = Path(__file__).resolve().parents[2] / "roles" / "process_stop" / "library" / "process_signal.py"
spec = importlib.util.spec_from_file_location("process_signal", SOURCE)
assert spec and spec.loader
signals: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(signals)

CMDLINE = b"/usr/bin/python3\0/srv/jobs/burn.py\0--fast\0"
JOB = signals.Identity(4711, "R", 1, 987654, CMDLINE)
ASKED = {
    "pid": 4711,
    "started": 987654,
    "command_digest": hashlib.sha256(CMDLINE).hexdigest(),
    "match": "/srv/jobs/",
    "protected": ["postgres"],
    "grace": 5,
}


def test_the_process_asked_for_passes() -> None:
    signals.check(JOB, ASKED, {1, 2})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"started": 987655}, "another one"),
        ({"command_digest": "0" * 64}, "another command line"),
        ({"match": "/opt/jobs/"}, "does not match"),
        ({"match": ".*"}, "fits every process"),
        ({"match": ""}, "fits every process"),
        ({"match": "("}, "no regular expression"),
        ({"protected": ["burn"]}, "protected"),
        ({"protected": ["["]}, "no regular expression"),
    ],
)
def test_any_difference_is_refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(signals.Refused, match=why):
        signals.check(JOB, ASKED | change, set())


@pytest.mark.parametrize("pid", [0, 1, 50])
def test_init_and_the_ancestors_are_refused(pid: int) -> None:
    with pytest.raises(signals.Refused, match="init"):
        signals.check(JOB._replace(pid=pid), ASKED, {50})


def test_a_kernel_thread_has_no_command_line_and_is_refused() -> None:
    asked = ASKED | {"command_digest": hashlib.sha256(b"").hexdigest()}
    with pytest.raises(signals.Refused, match="does not match"):
        signals.check(JOB._replace(cmdline=b""), asked, set())


@given(st.binary(max_size=15), st.sampled_from("RSDZ"), st.integers(0, 2**40))
def test_any_name_of_a_process_is_read_past(name: bytes, state: str, started: int) -> None:
    line = b"7 (%s) %s 3 " % (name, state.encode()) + b"0 " * 17 + b"%d 0 0\n" % started
    assert signals.parse_identity(7, line, b"x") == (7, state, 3, started, b"x")


def test_its_own_line_of_ancestors_is_known() -> None:
    assert {os.getpid(), os.getppid()} <= signals.ancestors_of(os.getpid())


@pytest.fixture(params=["pidfd", "without pidfd"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to hold a process: by a pidfd, and by comparing again where there is none."""
    if request.param == "without pidfd":
        monkeypatch.delattr(os, "pidfd_open", raising=False)


JOB_SOURCE = "import sys; print('ready', flush=True); sys.stdin.read()"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A real process that has begun its work (before that, its command line may still be empty)."""
    command = [sys.executable, "-c", JOB_SOURCE, "the test's own job"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        started.stdout.readline()
        yield started
        started.kill()


def asked_for(process: subprocess.Popen[bytes], **changes: object) -> dict[str, object]:
    identity = signals.identity_of(process.pid)
    measured = {"pid": process.pid, "started": identity.started, "command_digest": identity.digest}
    return ASKED | measured | {"match": "the test's own job"} | changes


@pytest.mark.usefixtures("way")
def test_a_real_process_is_stopped_and_then_is_gone(process: subprocess.Popen[bytes]) -> None:
    asked = asked_for(process)
    assert signals.stop(asked, True)["outcome"] == "terminated" and process.poll() is None
    assert signals.stop(asked, False)["outcome"] == "terminated"
    assert signals.stop(asked, False) == {"changed": False, "outcome": "gone"}, "a zombie counts as gone"
    assert process.wait(30) == -15
    assert signals.stop(asked, False) == {"changed": False, "outcome": "gone"}


@pytest.mark.usefixtures("way")
def test_a_real_process_that_differs_is_left_alone(process: subprocess.Popen[bytes]) -> None:
    with pytest.raises(signals.Refused):
        signals.stop(asked_for(process, started=1), False)
    assert process.poll() is None


def test_a_thread_is_refused() -> None:
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait)
    thread.start()
    try:
        with pytest.raises(signals.Refused):
            signals.stop(ASKED | {"pid": thread.native_id}, False)
    finally:
        go_on.set()
        thread.join()
