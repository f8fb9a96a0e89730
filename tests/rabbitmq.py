"""A real RabbitMQ for tests, as Debian packages it: a node of its own on free ports, and gone with the tests.

Started by its own script, as whoever runs the tests: the wrapper on PATH would be the machine's one node. What it has
to know comes in through its environment; the default user may come in from this machine.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.children import dies_with_us

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_STARTS_SECONDS = 120.0
_GREETING = b"AMQP\x00\x00\x09\x01"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class RabbitMq:
    """One node. Started again it has the same port and what it had stored."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port, distribution, self._epmd = _free_port(), _free_port(), _free_port()
        (folder / "plugins").write_text("[].\n")
        self._environment = {
            "PATH": os.defpath,
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd),
            "RABBITMQ_ALLOW_INPUT": "1",  # the script becomes the node, and does not start it
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_NODENAME": f"fleetmend{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
        }

    @property
    def url(self) -> str:
        """The broker's URL, as fleetmend takes it."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        """Start it, and return when it answers. It dies with this process, however that one ends."""
        with (self._folder / "out").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "-noinput"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self._folder,
                preexec_fn=dies_with_us(signal.SIGKILL),
            )
        deadline = time.monotonic() + _STARTS_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"RabbitMQ did not start:\n{(self._folder / 'out').read_text()}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        """True once it speaks AMQP: the port is open a moment earlier."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as one:
                one.sendall(_GREETING)
                return bool(one.recv(1))
        except OSError:
            return False

    def stop(self) -> None:
        """Stop it at once, cutting every connection."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STARTS_SECONDS)
            self._process = None

    def close(self) -> None:
        """Stop it, and the daemon that its runtime started beside it."""
        self.stop()
        epmd = shutil.which("epmd")
        if epmd is not None:
            subprocess.run([epmd, "-port", str(self._epmd), "-kill"], capture_output=True, check=False)


@contextmanager
def rabbitmq() -> Iterator[RabbitMq]:
    """A running node."""
    with tempfile.TemporaryDirectory(prefix="fm-mq-", ignore_cleanup_errors=True) as folder:
        server = RabbitMq(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.close()
