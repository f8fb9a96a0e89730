"""The database connection: one engine, short transactions, the same code on SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Engine, Executable, RowMapping, create_engine, event
from sqlalchemy.exc import OperationalError

from core.errors import Retryable
from core.points import NoWitness, Point, Witness

_BUSY_SECONDS = 30


class Tx:
    """One open transaction. What it wrote is visible to others only when its block ends without an error."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.after_commit: list[Callable[[], None]] = []

    def execute(self, statement: Executable, rows: Any = None) -> CursorResult[Any]:
        """Run one statement, or the same one for many rows."""
        return cast("CursorResult[Any]", self._connection.execute(statement, rows))

    def one(self, statement: Executable) -> RowMapping | None:
        """The first row, as a mapping, or None."""
        return self.execute(statement).mappings().first()

    def all(self, statement: Executable) -> list[RowMapping]:
        """Every row, as mappings."""
        return list(self.execute(statement).mappings())

    def serialise(self, name: str) -> None:
        """Let no two transactions that name the same thing overlap. SQLite has a single writer anyway."""
        if self._connection.dialect.name == "postgresql":
            number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
            self._connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%(n)s)", {"n": number})


class Database:
    """Opens transactions on one database. Threads share it."""

    def __init__(self, url: str, witness: Witness | None = None) -> None:
        self.url = url
        self._witness = witness or NoWitness()
        self.engine = _engine(url)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A read-only transaction: one consistent snapshot."""
        with self.engine.connect() as connection, _plain_errors():
            yield Tx(connection)

    @contextmanager
    def write(self, point: Point | None = None) -> Iterator[Tx]:
        """A writing transaction, known to the witness as *point*. Raises Retryable if the database stays locked."""
        with self.engine.connect().execution_options(writes=True) as connection, _plain_errors():
            with connection.begin():
                tx = Tx(connection)
                yield tx
                if point is not None:
                    self._witness.before(point)
            if point is not None:
                self._witness.after(point)
            for callback in tx.after_commit:
                callback()

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise Retryable(f"the database can't be used right now: {error.orig}") from error


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions behind our back
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # A transaction that reads first and then writes fails at once on SQLite: writers say so at the start.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
