"""The database connection: one engine, short transactions, the same code on SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Engine, Executable, RowMapping, create_engine, event
from sqlalchemy.exc import OperationalError

from core.errors import Retryable, StorageFull
from store.turn import Turn

_BUSY_SECONDS = 30
_DISK_FULL = "53100"
"""PostgreSQL's SQLSTATE."""
_FULL_WORDS = "the disk that the database is on is full: nothing was stored; make room there, and send it again"


class Tx:
    """One open transaction. What it wrote is visible to others only when its block ends without an error."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.before_commit: list[Callable[[], None]] = []
        """What is written last of all, because every other writer waits for it."""
        self.entries: list[dict[str, Any]] = []
        """What the journal will say about it."""
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

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._turn = Turn() if url.startswith("sqlite") else None

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A read-only transaction: one consistent snapshot."""
        with self.engine.connect() as connection, _plain_errors():
            yield Tx(connection)

    @contextmanager
    def write(self, *, urgent: bool = False) -> Iterator[Tx]:
        """A writing transaction. Raises Retryable if the database stays locked, StorageFull if its disk is full.

        An *urgent* one waits for one other writer of this process at most, where the database has one at a time.
        """
        turn = nullcontext() if self._turn is None else self._turn.taken(_BUSY_SECONDS, urgent=urgent)
        with self.engine.connect().execution_options(writes=True) as connection, _plain_errors():
            with turn, connection.begin():
                tx = Tx(connection)
                yield tx
                for callback in tx.before_commit:
                    callback()
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
        if _is_full(error.orig):
            raise StorageFull(_FULL_WORDS) from error
        raise Retryable(f"the database can't be used right now: {error.orig}") from error


def _is_full(cause: BaseException | None) -> bool:
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return getattr(cause, "sqlstate", None) == _DISK_FULL


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
