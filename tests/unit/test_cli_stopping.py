"""The first signal asks `fleetmend up` to stop, the second ends it at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from cli.stopping import Stopping
from core.settings import CHECKOUT

_TWICE = """
import os, signal
from cli.stopping import Stopping
with Stopping() as stopping:
    for count in (1, 2):
        os.kill(os.getpid(), signal.{name})
        stopping.wait(30)
        print(count, flush=True)
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_second_signal_ends_the_process(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TWICE.format(name=name)], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("1\n", 128 + signal.Signals[name])


def test_a_pause_ends_when_the_signal_comes() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Stopping() as stopping:
        assert not stopping.wait(0)
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            stopping.pause(30)
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stopping() as stopping:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stopping.wait(0)
    finally:
        signal.signal(signal.SIGHUP, before)
