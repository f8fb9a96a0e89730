"""Where a case is played: a folder, and a database of its own on the engine that is tested. Both are copies."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

from tests.memory import quick_place
from tests.postgres import Postgres, postgres

_GONE_SECONDS = 30.0


class Place(NamedTuple):
    """A folder (`content/`, `shipped/`, `state/` and what is written there), and the URL of its database."""

    folder: Path
    url: str


class Ground:
    """Makes, copies and removes places below one folder. Without *server*, databases are SQLite files in them."""

    def __init__(self, folder: Path, server: Postgres | None) -> None:
        self._folder, self._server = folder, server

    def new(self, name: str) -> Place:
        """An empty place."""
        place = self._place(name)
        (place.folder / "state").mkdir(parents=True)
        if self._server is not None:
            self._server.make(name)
        return place

    def copy(self, template: Place, name: str) -> Place:
        """A place like *template*."""
        place = self._place(name)
        shutil.copytree(template.folder, place.folder)
        if self._server is not None:
            self._server.make(name, template.folder.name)
        return place

    def remove(self, place: Place) -> None:
        """Remove it with its database."""
        shutil.rmtree(place.folder)
        if self._server is not None:
            self._server.drop(place.folder.name)

    def settle(self, place: Place) -> None:
        """Wait until the server has noticed that whoever used the place's database is gone."""
        if self._server is None:
            return
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        until = time.monotonic() + _GONE_SECONDS
        with self._server.connect("postgres") as connection:
            while connection.execute(query, [place.folder.name]).fetchone() != (0,):
                assert time.monotonic() < until, f"{place.folder.name} is in use still"
                time.sleep(0.002)

    def _place(self, name: str) -> Place:
        folder = self._folder / name
        file = folder / "state" / "fleetmend.db"
        return Place(folder, f"sqlite:///{file}" if self._server is None else self._server.url(name))


@contextmanager
def open_ground(engine: str) -> Iterator[Ground]:
    """A ground on *engine* (`sqlite` or `postgresql`)."""
    servers = postgres() if engine == "postgresql" else nullcontext()
    with tempfile.TemporaryDirectory(dir=quick_place()) as folder, servers as server:
        yield Ground(Path(folder), server)
