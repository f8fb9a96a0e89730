"""Is the database as this fleetmend needs it? Its revision, what is pending, and whether its pages are whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from core.clock import Clock
from core.errors import BadInput, Retryable
from store.database import Database
from store.migrations import revisions
from store.store import open_store

_MOST_SHOWN = 5


class Health(NamedTuple):
    """What was found. `problems` is empty if its pages are whole and no row refers to one that is gone."""

    kind: str
    current: str | None
    newest: str
    pending: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def good(self) -> bool:
        """True if it can be used as it is."""
        return not self.pending and not self.problems


def check(url: str) -> Health:
    """Look at the database at *url*. Reads only. Raises BadInput if there is none, Retryable if it can't be reached."""
    file = make_url(url).database
    if url.startswith("sqlite") and not (file and Path(file).exists()):
        raise BadInput(f"there is no database at {file}; `fleetmend db upgrade` makes it")
    with _opened(url) as database:
        found = revisions(database.engine)
        kind = database.engine.dialect.name
        problems = _problems(database) if kind == "sqlite" else ()
    return Health(kind, found.current, found.newest, found.pending, problems)


def upgrade(url: str, state: Path, clock: Clock, *, key_file: Path | None = None) -> tuple[str, ...]:
    """Bring the database at *url* up to date, making it if there is none; returns the revisions that were applied.

    It takes the journal's key, as whoever opens the store does: rows that change are sealed anew. Raises BadInput
    without it.
    """
    with _opened(url) as database:
        pending = revisions(database.engine).pending
    open_store(url, state, clock, key_file=key_file).close()
    return pending


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    except DatabaseError as error:
        raise Retryable(f"the database can't be used: {' '.join(str(error.orig).split())}") from None
    finally:
        database.close()


def _problems(database: Database) -> tuple[str, ...]:
    with database.engine.connect() as connection:
        pages = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        torn = [
            f"a row of {row[0]} refers to one of {row[2]} that is gone"
            for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
        ]
    found = [line for line in pages if line != "ok"] + torn
    return tuple(" ".join(line.split()) for line in found[:_MOST_SHOWN])
