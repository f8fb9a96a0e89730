"""How far each log of each host was read, and what was found in it lately."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, tuple_

from store.database import Database, Tx
from store.source_tables import cursors

Place = tuple[str, str]
"""host, key of the log"""
_BATCH = 200


class Cursors:
    """Reads and replaces cursors. One moves only in the transaction that stores what was read up to it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, fleet: str) -> dict[Place, dict[str, Any]]:
        """Every cursor of the fleet."""
        with self._database.read() as tx:
            rows = tx.all(select(cursors).where(cursors.c.fleet == fleet))
        return {(row["host"], row["key"]): dict(row["state"]) for row in rows}

    def put(self, tx: Tx, fleet: str, moved: Mapping[Place, Mapping[str, Any]], at: datetime) -> None:
        """Store where the logs *moved* on to."""
        if not moved:
            return
        tx.serialise(f"cursors:{fleet}")
        places = sorted(moved)
        for begin in range(0, len(places), _BATCH):
            some = places[begin : begin + _BATCH]
            same = (cursors.c.fleet == fleet) & tuple_(cursors.c.host, cursors.c.key).in_(some)
            tx.execute(delete(cursors).where(same))
            rows = [
                {"fleet": fleet, "host": host, "key": key, "state": dict(moved[host, key]), "at": at}
                for host, key in some
            ]
            tx.execute(insert(cursors), rows)
