"""The database connection: one engine, short transactions, the same code on SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Engine, Executable, RowMapping, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import BadInput, Retryable, StorageFull
from core.points import NoWitness, Point, Witness
from store.row_changes import RowChanges
from store.turn import Turn

_BUSY_SECONDS = 30
"""How long a writer waits for another one, and how long PostgreSQL lets a worker that fell asleep keep its locks."""
_WAL_PAUSE_SECONDS = 0.01
_CONNECT_SECONDS = 5
_CONNECTIONS, _MORE_CONNECTIONS = 8, 56
"""Kept open, and opened beside them while many threads are at work."""
_POSTGRES = "postgresql"
_POSTGRES_ARGUMENTS = {
    "connect_timeout": _CONNECT_SECONDS,
    "keepalives_idle": _BUSY_SECONDS,
    "options": f"-c lock_timeout={_BUSY_SECONDS}s -c idle_in_transaction_session_timeout={_BUSY_SECONDS}s",
}
_STREAMED = 1000
"""Rows that are fetched at a time."""
_DISK_FULL = "53100"
"""PostgreSQL's SQLSTATE."""
_FULL_WORDS = "the disk that the database is on is full: nothing was stored; make room there, and send it again"


class Tx:
    """One open transaction. What it wrote is visible to others only when its block ends without an error."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.changes = RowChanges(connection)
        self.entries: list[dict[str, Any]] = []
        """What the journal will say about it."""
        self.after_commit: list[Callable[[], None]] = []

    @property
    def connection(self) -> Connection:
        """For those who look at the tables themselves."""
        return self._connection

    def execute(self, statement: Executable, rows: Any = None, *, unproven: bool = False) -> CursorResult[Any]:
        """Run one statement, or the same one for many rows. *unproven*: it changes no column that is proven."""
        if unproven:
            return cast("CursorResult[Any]", self._connection.execute(statement, rows))
        return self.changes.execute(statement, rows)

    def one(self, statement: Executable) -> RowMapping | None:
        """The first row, as a mapping, or None."""
        return self.execute(statement).mappings().first()

    def all(self, statement: Executable) -> list[RowMapping]:
        """Every row, as mappings."""
        return list(self.execute(statement).mappings())

    def each(self, statement: Executable) -> Iterator[RowMapping]:
        """Every row, as mappings, in a stream: they need not fit into memory."""
        yield from self.execute(statement.execution_options(yield_per=_STREAMED)).mappings()

    def tuples(self, statement: Executable) -> Iterator[Any]:
        """Every row, as tuples, in a stream."""
        for some in self.execute(statement.execution_options(yield_per=_STREAMED)).partitions():
            yield from some

    def serialise(self, name: str) -> bool:
        """Let no two transactions that name the same thing overlap. SQLite has a single writer anyway.

        True if others may have written meanwhile, so that what was read before has to be read again.
        """
        if self._connection.dialect.name != _POSTGRES:
            return False
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        self._connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%(n)s)", {"n": number})
        return True


class Database:
    """Opens transactions on one database. Threads share it."""

    def __init__(self, url: str, witness: Witness | None = None) -> None:
        self.url = url
        self._witness = witness or NoWitness()
        self.seal: Callable[[Tx], None] = lambda _tx: None
        """Writes the journal's entries, last of all: every other writer waits for it."""
        self.engine = _engine(url)
        # PostgreSQL would show each statement another moment.
        snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reading: dict[str, Any] = snapshot if self.engine.dialect.name == _POSTGRES else {}
        self._own = threading.local()
        self._turn = Turn() if url.startswith("sqlite") else None

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A read-only transaction: one consistent snapshot. Within another one of this thread it is that one."""
        outer: Tx | None = getattr(self._own, "reading", None)
        if outer is not None:
            yield outer
            return
        with plain_errors(), self.engine.connect().execution_options(**self._reading) as connection:
            self._own.reading = tx = Tx(connection)
            try:
                yield tx
            finally:
                self._own.reading = None

    @contextmanager
    def write(self, point: Point | None = None, *, urgent: bool = False) -> Iterator[Tx]:
        """A writing transaction, known to the witness as *point*.

        Raises Retryable if the database stays locked, StorageFull if its disk is full. An *urgent* one waits for one
        other writer of this process at most, where the database has one at a time.
        """
        turn = nullcontext() if self._turn is None else self._turn.taken(_BUSY_SECONDS, urgent=urgent)
        with plain_errors(), self.engine.connect().execution_options(writes=True) as connection:
            with turn, connection.begin():
                tx = Tx(connection)
                yield tx
                self.seal(tx)
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
def plain_errors() -> Iterator[None]:
    """SQLAlchemy's errors as ours: Retryable if the database can't be used, BadInput for what it can't hold."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        if _is_full(error.orig):
            raise StorageFull(_FULL_WORDS) from error
        raise Retryable(f"the database can't be used right now: {_line(error.orig)}") from error
    except PoolTimeout as error:
        raise Retryable("the database can't be used right now: all our connections to it are busy") from error
    except DataError as error:
        raise BadInput(f"the database can't store this: {_line(error.orig)}") from error


def _line(error: BaseException | None) -> str:
    return " ".join(str(error).split())


def _is_full(cause: BaseException | None) -> bool:
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return getattr(cause, "sqlstate", None) == _DISK_FULL


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        try:
            make_url(url).get_dialect().import_dbapi()
        except (ArgumentError, ImportError) as error:
            problem = f"{_line(error)}; PostgreSQL's is postgresql+psycopg://user:password@host/name"
            raise BadInput(problem, key="FLEETMEND_DATABASE_URL") from None
        return create_engine(
            url,
            pool_pre_ping=True,
            pool_size=_CONNECTIONS,
            max_overflow=_MORE_CONNECTIONS,
            connect_args=_POSTGRES_ARGUMENTS if url.startswith(_POSTGRES) else {},
        )
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions behind our back
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # A transaction that reads first and then writes fails at once on SQLite: writers say so at the start.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite does not wait here: while another process does the same, it answers 'locked' at once."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() >= until:
                raise
            time.sleep(_WAL_PAUSE_SECONDS)
        else:
            return
