"""What every table is made with: the collection of tables, how constraints are named, and a type for points in time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Dialect, MetaData, Text, TypeDecorator
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal


class Utc(TypeDecorator[datetime]):
    """A point in time, stored in UTC; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class utc_text(ColumnElement[str]):
    """A point in time as text, from the database itself: a column needs no value of Python's for it."""

    inherit_cache = True
    _traverse_internals = [("column", InternalTraversal.dp_clauseelement)]  # noqa: RUF012 - SQLAlchemy declares it so

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column, self.type = column, Text()


@compiles(utc_text)
def _as_stored(element: utc_text, compiler: SQLCompiler, **how: Any) -> str:
    return f"CAST({compiler.process(element.column, **how)} AS TEXT)"


@compiles(utc_text, "postgresql")
def _by_format(element: utc_text, compiler: SQLCompiler, **how: Any) -> str:
    # Not a cast: that would follow the session's settings.
    return f"to_char(timezone('UTC', {compiler.process(element.column, **how)}), 'YYYY-MM-DD HH24:MI:SS.US')"


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
