"""Migrations, by Alembic: from the first revision on, with data in place."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from store.database import Tx


def migrate(engine: Engine) -> None:
    """Bring the tables up to the newest revision. Does nothing if they are there already."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        Tx(connection).serialise("migrations")  # processes that start together
        if MigrationContext.configure(connection).get_current_revision() != newest:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
