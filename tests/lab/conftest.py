"""One lab for all tests that only look at it, or put right what they break."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.lab import Lab
from tests.lab.labs import a_lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """One host of every kind."""
    with a_lab("tested", "lb1", "web1", "db1", "backup1") as up:
        yield up
