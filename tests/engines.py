"""The database engines that stores are tested on. A test that runs on both says so by asking for `engine`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import create_engine, text

from core.clock import ManualClock
from store.store import open_store
from tests.postgres import Postgres

ENGINES = ("sqlite", "postgresql")
_TEMPLATE = "migrated"
_numbers = itertools.count(1)


def _sqlite(state: Path) -> str:
    return f"sqlite:///{state / 'fleetmend.db'}"


_url_of: Callable[[Path], str] = _sqlite


def url_in(state: Path) -> str:
    """The URL of the database that belongs to the folder *state*, on the engine of the test that runs."""
    return _url_of(state)


@contextmanager
def on_postgres(server: Postgres) -> Iterator[None]:
    """While the block lasts, each folder's database is one of *server*'s, migrated; all are dropped at the end."""
    global _url_of  # noqa: PLW0603 - it is what `url_in` answers with, and tests of one process run one by one
    made: dict[Path, str] = {}

    def url_of(state: Path) -> str:
        if state not in made:
            made[state] = f"test_{next(_numbers)}"
            server.make(made[state], _TEMPLATE)
        return server.url(made[state])

    before, _url_of = _url_of, url_of
    try:
        yield
    finally:
        _url_of = before
        for name in made.values():
            server.drop(name)


def make_template(server: Postgres) -> None:
    """Migrate an empty database once, so that each test's is a copy of it."""
    server.make(_TEMPLATE)
    with TemporaryDirectory() as folder:
        open_store(server.url(_TEMPLATE), Path(folder), ManualClock()).close()
    with server.connect(_TEMPLATE) as connection:
        connection.execute("DELETE FROM journal_key")  # each test's state folder has a key of its own


def execute_raw(state: Path, statements: str) -> None:
    """Change the database of *state* behind the store's back, constraints or not."""
    engine = create_engine(url_in(state))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
        for statement in filter(None, (one.strip() for one in statements.split(";"))):
            connection.execute(text(statement))
    engine.dispose()


def rows_of(state: Path, table: str) -> list[tuple[object, ...]]:
    """Every row of *table* in the database of *state*, as it is stored."""
    engine = create_engine(url_in(state))
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]
    engine.dispose()
    return rows


def empty_url(state: Path) -> str:
    """The URL of the database of *state*, without any tables."""
    engine = create_engine(url_in(state))
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url_in(state)
