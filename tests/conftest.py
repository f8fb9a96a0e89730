"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import ManualClock
from store.store import Store
from tests.stores import new_store


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock, tmp_path: Path) -> Iterator[Store]:
    """A migrated store in `tmp_path`."""
    with new_store(clock, tmp_path) as opened:
        yield opened
