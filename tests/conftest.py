"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import ManualClock
from store.store import Store
from tests.engines import ENGINES, make_template, on_postgres
from tests.postgres import Postgres, postgres
from tests.stores import new_store


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A real PostgreSQL, started when the first test asks for it."""
    with postgres() as server:
        make_template(server)
        yield server


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs the test on each engine: its stores and worlds lie there. Returns the engine's name."""
    if request.param == "sqlite":
        yield request.param
        return
    with on_postgres(request.getfixturevalue("postgres_server")):
        yield request.param


@pytest.fixture
def store(engine: str, clock: ManualClock, tmp_path: Path) -> Iterator[Store]:
    """A migrated store in `tmp_path`."""
    with new_store(clock, tmp_path) as opened:
        yield opened
