"""fleetmend as several processes, `api`, `worker` and `beat`, over a lasting PostgreSQL and a Valkey of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.server import CHECKOUT, STARTS_SECONDS, Running, WriteContent, environment, read_until, write_fleet
from tests.postgres import postgres
from tests.valkey_server import valkey


@contextmanager
def distributed(
    folder: Path, write_content: WriteContent = write_fleet, python: str = sys.executable, **more: str
) -> Iterator[Running]:
    """One process of each kind, with servers of its own. `process` is the one that answers the API."""
    write_content(folder / "content")
    with ExitStack() as house:
        database, broker = house.enter_context(postgres(lasting=True)), house.enter_context(valkey())
        database.make("bench")
        key = folder / "journal.key"
        key.write_text(os.urandom(32).hex())
        given = environment(
            folder,
            FLEETMEND_JOURNAL_KEY_FILE=str(key),
            FLEETMEND_DATABASE_URL=database.url("bench"),
            FLEETMEND_BROKER_URL=broker.url,
            **more,
        )

        def begin(name: str) -> tuple[subprocess.Popen[str], str]:
            command = [python, "-m", "cli.main", name]
            own = given | {"FLEETMEND_STATE": str(folder / f"state-{name}")}
            process = subprocess.Popen(command, cwd=CHECKOUT, env=own, stdout=subprocess.PIPE, text=True)
            house.callback(process.wait, STARTS_SECONDS)
            house.callback(process.terminate)
            return process, read_until(process, "Ctrl-C stops it")

        command = [python, "-m", "cli.main", "tokens", "make", "bench"]
        made = subprocess.run(command, cwd=CHECKOUT, env=given, check=True, capture_output=True, text=True).stdout
        process, said = begin("api")
        begin("worker")
        begin("beat")
        url, token = re.search(r"(http://\S+)/api/v1/docs", said), re.search(r"(fm_\S+)", made)
        assert url is not None and token is not None, said + made
        yield Running(url[1], token[1], process)
