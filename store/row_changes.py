"""What a transaction changes of proven rows: the digest that each had before, and the one that it has at the end.

Nobody who writes has to think of it: every statement of a writing transaction comes by here. That the digest before is
kept, too, is what tells a change of ours from one that was made behind our back and then written over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Delete, Executable, Insert, Table, Update, tuple_

from store.proven import BY_NAME, PROVEN, Changes, Key, digests, key_columns, named, reading

_AT_ONCE = 300


class RowChanges:
    """Follows one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._before: dict[str, dict[Key, str | None]] = {}

    def execute(self, statement: Executable, rows: Any) -> CursorResult[Any]:
        """Run *statement*, and note which proven rows it is about."""
        table = _proven(statement)
        if table is None or not isinstance(statement, (Insert, Update, Delete)):
            return cast("CursorResult[Any]", self._connection.execute(statement, rows))
        if isinstance(statement, Insert):
            result = cast("CursorResult[Any]", self._connection.execute(statement, rows))
            for key in _inserted(table, result, rows):
                self._of(table).setdefault(key, None)
            return result
        if rows is not None:
            raise TypeError(f"{table.name} is proven: change its rows by one statement, or say that it is `unproven`")
        self._note(table, statement)
        return cast("CursorResult[Any]", self._connection.execute(statement))

    def _note(self, table: Table, statement: Update | Delete) -> None:
        query, own = reading(table), self._of(table)
        if statement.whereclause is not None:
            query = query.where(statement.whereclause)
        # Held from here on, or another transaction could change it between our look and our write.
        query = query.with_for_update(key_share=isinstance(statement, Update), of=table)
        for key, digest in digests(table, self._read(query)):
            own.setdefault(key, digest)

    def take(self) -> Changes:
        """What changed, as it is now: rows whose digest is as it was are left out."""
        changes: Changes = {}
        for name, before in sorted(self._before.items()):
            after = self._now(BY_NAME[name], list(before))
            own = {named(key): (was, after.get(key)) for key, was in before.items() if was != after.get(key)}
            if own:
                changes[name] = own
        return changes

    def _now(self, table: Table, keys: Sequence[Key]) -> dict[Key, str]:
        columns = key_columns(table)
        after: dict[Key, str] = {}
        for begin in range(0, len(keys), _AT_ONCE):
            some = keys[begin : begin + _AT_ONCE]
            single = len(columns) == 1
            same = columns[0].in_([key[0] for key in some]) if single else tuple_(*columns).in_(some)
            after |= dict(digests(table, self._read(reading(table).where(same))))
        return after

    def _read(self, query: Executable) -> Any:
        return iter(self._connection.execute(query))

    def _of(self, table: Table) -> dict[Key, str | None]:
        return self._before.setdefault(table.name, {})


def _proven(statement: Executable) -> Table | None:
    """The proven table that *statement* writes to."""
    if not isinstance(statement, (Insert, Update, Delete)):
        return None
    table = statement.table
    return table if isinstance(table, Table) and table in PROVEN else None


def _inserted(table: Table, result: CursorResult[Any], rows: Any) -> list[Key]:
    if rows is None:
        return [tuple(result.inserted_primary_key or ())]
    several: Sequence[Mapping[str, Any]] = [rows] if isinstance(rows, Mapping) else rows
    return [tuple(row[column.name] for column in key_columns(table)) for row in several]
