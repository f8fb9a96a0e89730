"""A store as the first revision left it, on the engine of the test that runs: the same rows on both."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData, create_engine, func, insert, select

from store.migrations import migrate
from tests.engines import empty_url

DUMP = Path(__file__).parent / "cases" / "store_0001.sql"
"""A healed incident, an escalated one, an open one, with all that belongs to them; its key and head are comments."""


def lay_out(folder: Path) -> str:
    """A state folder as revision 0001 left it. Returns its database's URL."""
    text = DUMP.read_text()
    for name in ("journal.key", "journal.head"):
        found = re.search(rf"^-- {name}: (.*)$", text, re.MULTILINE)
        assert found is not None
        (folder / name).write_text(found[1])
    url = empty_url(folder)
    if url.startswith("sqlite"):
        _load(folder / "fleetmend.db")
    else:
        _load(folder / "dump.db")
        first_revision(url)
        _copy(create_engine(f"sqlite:///{folder / 'dump.db'}"), create_engine(url))
    return url


def first_revision(url: str) -> None:
    """Make the tables of revision 0001 in the empty database at *url*."""
    engine = create_engine(url)
    migrate(engine, "0001")
    engine.dispose()


def counts(url: str) -> dict[str, int]:
    """Table -> how many rows it has."""
    engine, tables = create_engine(url), MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        found = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables.sorted_tables
        }
    engine.dispose()
    return found


def _load(file: Path) -> None:
    with sqlite3.connect(file) as raw:
        raw.executescript(DUMP.read_text())
    raw.close()


def _copy(source: Engine, target: Engine) -> None:
    old, new = MetaData(), MetaData()
    old.reflect(source)
    new.reflect(target)
    with source.connect() as reading, target.begin() as writing:
        for table in new.sorted_tables:
            if table.name == "alembic_version":
                continue
            for row in reading.execute(select(old.tables[table.name])).mappings():
                said = {name: _zoned(value) for name, value in row.items() if value is not None}
                writing.execute(insert(table), said)
    source.dispose()
    target.dispose()


def _zoned(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
