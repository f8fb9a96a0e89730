"""Which rows the journal proves, and a row's digest: over its table, its key, and each column that may not change.

`docs/decisions/0024-rows-in-the-journal.md` says for every table why it is here or not. A column that is added to a
table here is proven by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from typing import cast as cast_to

from sqlalchemy import JSON, Column, ColumnElement, DateTime, Select, Table, Text, cast, select

from store import approval_tables, message_tables, people_tables, source_tables, tables
from store.schema import Utc, utc_text

Key = tuple[object, ...]
"""The values of a row's primary key, in the order of the table's columns."""
Change = tuple[str | None, str | None]
"""A row's digest before and after; None: the row is not there."""
Changes = dict[str, dict[str, Change]]
"""Table -> key, as `named` writes it -> what became of that row."""

_BYTES = 20
_BETWEEN = "\x1f"

PROVEN: Mapping[Table, frozenset[str]] = {
    # The states and the reasons of ends are proven by what the journal tells; the rest says what is worked on when.
    tables.incidents: frozenset(
        {"state", "reason", "version", "detections", "severity", "importance", "turn"}
        | {"changed_at", "last_seen_at", "due_at", "ended_at"}
    ),
    tables.incident_hosts: frozenset(),
    tables.detections: frozenset(),
    tables.mutes: frozenset(),
    tables.plans: frozenset(),
    tables.approvals: frozenset(),
    tables.runs: frozenset(),
    tables.run_hosts: frozenset(),
    tables.verifications: frozenset({"checks", "last"}),  # counted and told anew at each look
    tables.outcomes: frozenset(),
    tables.pauses: frozenset(),
    approval_tables.asks: frozenset(),
    approval_tables.foreseen: frozenset(),
    approval_tables.rulings: frozenset(),
    people_tables.people: frozenset(),
    people_tables.grants: frozenset(),
    people_tables.identities: frozenset(),
    people_tables.passwords: frozenset(),
    people_tables.sessions: frozenset({"seen_at"}),
    people_tables.tokens: frozenset(),
    people_tables.lendings: frozenset(),
    source_tables.silences: frozenset({"suppressed"}),  # a count
    source_tables.suppressed: frozenset(),
    message_tables.callbacks: frozenset({"taken_until", "tries"}),  # who works on it at this moment
}
"""Table -> its columns that are not proven."""
BY_NAME = {table.name: table for table in PROVEN}


def key_columns(table: Table) -> list[Column[object]]:
    """The primary key of *table*, in the order of its columns."""
    return list(table.primary_key.columns)


def columns(table: Table) -> list[Column[object]]:
    """The columns of *table* that are proven: the key, and the others by name. It may be a reflected table."""
    loose, keys = PROVEN[BY_NAME[table.name]], key_columns(table)
    rest = [column for column in table.columns if not column.primary_key and column.name not in loose]
    return [*keys, *sorted(rest, key=lambda column: column.name)]


@lru_cache(128)
def reading(table: Table) -> Select[Any]:
    """Reads rows of *table* for `digests`, with as little work in Python as can be: a proof reads every row."""
    return cast_to(Select[Any], select(*map(_as_read, columns(table))))


def _as_read(column: Column[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, JSON):
        return cast(column, Text)  # as it is stored: nothing has to be parsed
    return utc_text(column) if isinstance(column.type, (DateTime, Utc)) else column


def digests(table: Table, rows: Iterable[tuple[object, ...]]) -> Iterator[tuple[Key, str]]:
    """(key, digest) for each row that `reading` gave."""
    keys, head = len(key_columns(table)), f"{table.name}({', '.join(one.name for one in columns(table))})"
    for row in rows:
        texts = list(map(str, row))
        # With their lengths, so that no two rows make the same text; and a NULL is not the word None.
        said = f"{head}{list(map(len, texts))}{''.join(texts)}"
        if None in row:
            said += str([value is None for value in row])
        digest = hashlib.blake2b(said.encode(errors="surrogatepass"), digest_size=_BYTES)
        yield tuple(row[:keys]), digest.hexdigest()


def named(key: Key) -> str:
    """*key* as the journal writes it."""
    return _BETWEEN.join(map(str, key))


def in_words(table: str, key: str) -> str:
    """`grants ann, web`."""
    return f"{table} {key.replace(_BETWEEN, ', ')}"
