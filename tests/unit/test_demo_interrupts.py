"""A signal is noticed where the demo waits, and nowhere else."""

from __future__ import annotations

import signal

import pytest

from cli.demo.interrupts import Interrupted, Interrupts


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_next_pause_with_the_code_that_shells_expect(number: signal.Signals, code: int) -> None:
    with Interrupts() as interrupts:
        interrupts.pause(0)
        signal.raise_signal(number)
        with pytest.raises(Interrupted, match=number.name) as caught:
            interrupts.pause(3600)
        assert caught.value.exit_code == code


def test_the_first_signal_counts() -> None:
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Interrupted, match="SIGTERM"):
            interrupts.check()


def test_a_signal_that_was_waited_for_is_no_interruption() -> None:
    with Interrupts() as interrupts:
        assert not interrupts.wait(0)
        signal.raise_signal(signal.SIGINT)
        assert interrupts.wait(3600)
        interrupts.forget()
        interrupts.check()


def test_the_handlers_of_before_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
