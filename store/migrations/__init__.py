"""Migrations, by Alembic: from the first revision on, with data in place."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util.exc import CommandError
from sqlalchemy import Engine

from core.errors import BadInput
from store.database import Tx

HEAD = "head"


class Revisions(NamedTuple):
    """Where a database stands. `pending` are the revisions still to come, the next one first."""

    current: str | None
    newest: str
    pending: tuple[str, ...]


Around = Callable[[Tx], AbstractContextManager[None]]
"""What is done before and after tables change, in the same transaction."""


def migrate(engine: Engine, to: str = HEAD, *, around: Around = lambda _tx: nullcontext()) -> None:
    """Bring the tables up to the revision *to*. Does nothing if they are there already.

    Raises BadInput for a database that a newer fleetmend has made.
    """
    config = _config()
    newest = ScriptDirectory.from_config(config).get_current_head()
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        tx = Tx(connection)
        tx.serialise("migrations")  # processes that start together
        if MigrationContext.configure(connection).get_current_revision() != newest:
            config.attributes["connection"] = connection
            try:
                with around(tx):
                    command.upgrade(config, to)
            except CommandError as error:
                raise BadInput(
                    f"the database can't be brought up to date ({error}); is it a newer fleetmend's?"
                ) from None
    for callback in tx.after_commit:
        callback()


def revisions(engine: Engine) -> Revisions:
    """Where the database stands. Reads only. Raises BadInput if a newer fleetmend has made it."""
    scripts = ScriptDirectory.from_config(_config())
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    newest = str(scripts.get_current_head())
    try:
        pending = [script.revision for script in scripts.iterate_revisions(newest, current or "base")]
    except RevisionError as error:
        raise BadInput(
            f"the database's revision {current!r} is unknown ({error}); is it a newer fleetmend's?"
        ) from None
    return Revisions(current, newest, tuple(reversed(pending)))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
