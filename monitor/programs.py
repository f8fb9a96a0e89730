"""Writes the one command line that measures a host: every probe asked for, with what the inventory says of it.

    <python> -I -c '<decompress and execute>' <on_host/main.py> <the probes and their arguments> fleetmend-probe

Both payloads are zlib and base64, so that nothing has to be quoted and no shell ever reads a value of the inventory.
Border: this writes the command; the Prober runs it, and `readings` reads what it printed.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from catalog.catalog import UserProbe
from core.digests import digest_of_files
from core.fleets import Fleet, Host
from core.model import Model
from fleets.files import FleetFiles
from monitor.probes import ON_HOST, REACH
from monitor.signatures import Cursors

LIMIT = timedelta(seconds=12)
"""What the program on a host gives itself in all: it has to answer before the Prober loses patience with the host."""
LONGEST = 120_000
"""Characters that a command line may have; the kernel takes 131,072 for one argument, and a shell may wrap it."""
_START = "import base64,sys,zlib;exec(zlib.decompress(base64.b64decode(sys.argv[1])))"
_PLAIN_PATH = re.compile(r"/?[A-Za-z0-9_][A-Za-z0-9_./+\-]*")
_ON_HOST = Path(__file__).parent / "on_host"


class Program(Model):
    """What one host is to run, and what may come back."""

    host: str
    command: str
    probes: tuple[str, ...]
    """Everything that was asked for and gets a `probe.ok`, carried or not."""
    carried: frozenset[str]
    """What the command really runs: an answer is due for each of these."""
    subjects: dict[str, dict[str, str | None]]
    """Probe -> subject -> service, for probes that speak of entries of the inventory, and may of nothing else."""
    problems: dict[str, tuple[str, ...]]
    """Probe -> what was wrong with it before it ran, one line each."""


class Programs:
    """Writes the programs of one sweep over a fleet. The fleet's own files are read once for all hosts."""

    def __init__(
        self,
        fleet: Fleet,
        user_probes: Mapping[str, UserProbe],
        *,
        limit: timedelta = LIMIT,
        cursors: Cursors = MappingProxyType({}),
    ) -> None:
        self._files, self._user_probes, self._limit = FleetFiles(fleet.folder), user_probes, limit
        self._cursors = cursors

    def write(self, host: Host, probes: Iterable[str]) -> Program:
        """The program for *host*: *probes* are names of on-host probes, user probes, or `reach`. Raises nothing."""
        asked = tuple(probe for probe in dict.fromkeys(probes) if probe != REACH)
        carried: list[dict[str, Any]] = []
        subjects: dict[str, dict[str, str | None]] = {}
        problems: dict[str, tuple[str, ...]] = {}
        for probe in asked:
            if probe in ON_HOST:
                arguments, spoken_of, bad = ON_HOST[probe].request(host, self._files, self._cursors)
                subjects |= {} if spoken_of is None else {probe: spoken_of}
                source = probe
            else:
                arguments, bad = self._user_script(probe)
                source = "user_script"
            if arguments is not None:
                carried.append({"id": probe, "source": source, "arguments": arguments})
            if bad:
                problems[probe] = bad
        command = self._command(host, carried)
        while len(command) > LONGEST and carried:
            largest = max(carried, key=lambda part: len(json.dumps(part)))
            carried.remove(largest)
            problems[largest["id"]] = (*problems.get(largest["id"], ()), "it is too large to be sent to the host")
            command = self._command(host, carried)
        return Program(
            host=host.name,
            command=command,
            probes=asked,
            carried=frozenset(part["id"] for part in carried),
            subjects=subjects,
            problems=problems,
        )

    def _command(self, host: Host, carried: list[dict[str, Any]]) -> str:
        if not carried:
            return "true"  # that it answers is all that is asked
        needed = {part["source"] for part in carried}
        request = {
            "limit": self._limit.total_seconds(),
            "sources": {name: _source(name) for name in sorted(needed)},
            "probes": carried,
        }
        payload = _packed(json.dumps(request).encode())
        return f"{interpreter_of(host)} -I -c '{_START}' {_packed(_source('main').encode())} {payload} fleetmend-probe"

    def _user_script(self, probe: str) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
        user_probe = self._user_probes.get(probe)
        if user_probe is None:
            return None, ("no such probe; the catalog lists those that there are",)
        if not user_probe.vetted:
            return None, (f"not vetted; look at {user_probe.path.name}, then run: fleetmend catalog vet {probe}",)
        card = user_probe.path.with_name(f"{user_probe.name}.probe.yml")
        try:
            script = user_probe.path.read_bytes()
            digest = digest_of_files({card.name: card.read_bytes(), user_probe.path.name: script})
        except OSError as error:
            return None, (f"its files can't be read: {error.strerror}",)
        if digest != user_probe.digest:  # what is sent is what was vetted, not what lay there when the catalog was read
            return None, (f"not vetted; it just changed: look at it, then run: fleetmend catalog vet {probe}",)
        seconds = user_probe.timeout.total_seconds()
        return {"script": base64.b64encode(script).decode(), "timeout": seconds}, ()


def interpreter_of(host: Host) -> str:
    """The host's `ansible_python_interpreter` if it is a plain path; for `auto` and everything else, `python3`."""
    value = host.variables.get("ansible_python_interpreter")
    if isinstance(value, str) and _PLAIN_PATH.fullmatch(value) and not value.startswith("auto"):
        return value
    return "python3"


@cache
def _source(name: str) -> str:
    return (_ON_HOST / f"{name}.py").read_text(encoding="utf-8")


@cache
def _packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode()
