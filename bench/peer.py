"""The peer: ansible-rulebook's own webhook source, as it is, behind its own queue, which something empties.

Only the source: no rules are matched, and nothing is kept. It runs under an interpreter that has ansible-rulebook,
which is none of fleetmend's dependencies: `make bench BENCH_PEER=/path/to/python`.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.server import Running

_PROGRAM = """
import asyncio, sys
from ansible_rulebook.event_source.webhook import main

async def empty(queue):
    while True:
        await queue.get()

async def run():
    queue = asyncio.Queue()
    task = asyncio.create_task(empty(queue))
    await main(queue, {"port": int(sys.argv[1]), "host": "127.0.0.1", "token": "x"})

asyncio.run(run())
"""


@contextmanager
def webhook(python: Path) -> Iterator[Running]:
    """The source on a free port. Posts are answered 200."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([python, "-c", _PROGRAM, str(port)], text=True) as process:
        try:
            _wait(port)
            yield Running(f"http://127.0.0.1:{port}", "x", process)
        finally:
            process.terminate()


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the peer did not start; is ansible-rulebook installed there?")
