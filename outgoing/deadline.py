"""A deadline over a whole call: a socket's timeout only bounds each wait, and a slow answer is made of many."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from core.messages import Undelivered

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T]) -> T:
    """What *call* returns or raises, or Undelivered after *seconds*. What is given up may still come to its end."""
    answers: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            answers.append(call())
        except Exception as error:  # noqa: BLE001 - it is raised in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="call", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise Undelivered(f"no answer within {seconds:g} seconds")
    return answers[0]
