"""What watched processes take of the processor and of memory, and which of them takes most."""

import hashlib
import os
import pwd
import re
import time
from typing import Any, Dict, List, NamedTuple, Optional, Set

LOOK = 0.5  # seconds between the two looks
OURS = b"fleetmend-probe"  # stands in the command line of every probe program, on any host of this machine


class Process(NamedTuple):
    """A process at one look: start and processor time in clock ticks, resident memory in pages."""

    pid: int
    parent: int
    started: int
    ticks: int
    pages: int


def probe(arguments: Dict[str, Any]) -> List[Dict[str, Any]]:
    """`process.cpu`, `.memory` and `.count` of each of {"processes": {<key>: {"match": <regex>}}}.

    cpu is the share of one processor over LOOK seconds, memory the share of the machine's, each of the process that
    takes most. Without a match they are 0. This program itself and the processes that it comes from never count.
    """
    before = {(process.pid, process.started): process.ticks for process in _look()}
    began = time.monotonic()
    time.sleep(LOOK)
    after = _look()
    seconds = time.monotonic() - began
    own = _ancestors(after)
    lines = {process: _command_line(process.pid) for process in after if process.pid not in own}
    found = {process: line for process, line in lines.items() if line and OURS not in line}
    ticks = os.sysconf("SC_CLK_TCK")
    cpu = {p: max(0, p.ticks - before.get((p.pid, p.started), p.ticks)) / ticks / seconds for p in found}
    total = os.sysconf("SC_PHYS_PAGES")
    memory = {process: process.pages / total for process in found}
    items: List[Dict[str, Any]] = []
    for key, entry in arguments["processes"].items():
        try:
            pattern = re.compile(entry["match"])
        except re.error as error:
            items.append({"problem": f"{key}: match is no regular expression here: {error}"})
            continue
        matching = [process for process, line in found.items() if pattern.search(_text(line))]
        for name, shares in (("process.cpu", cpu), ("process.memory", memory)):
            most = max(matching, key=lambda process: (shares[process], process.pid)) if matching else None
            evidence = _evidence(most, found[most]) if most else {}
            items.append(_sample(name, key, shares[most] if most else 0.0, evidence))
        items.append(_sample("process.count", key, len(matching), {}))
    return items


def _sample(name: str, subject: str, value: float, evidence: Dict[str, Any]) -> Dict[str, Any]:
    return {"name": name, "subject": subject, "value": value, "evidence": evidence}


def _look() -> List[Process]:
    processes = (_process(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [process for process in processes if process is not None]


def _process(pid: int) -> Optional[Process]:
    """A process as /proc shows it now, or None if it is gone or dead."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()  # the name before the bracket may hold anything
    except OSError:
        return None
    if fields[0] in b"ZXx":
        return None
    ticks = int(fields[11]) + int(fields[12])
    return Process(pid, int(fields[1]), int(fields[19]), ticks, int(fields[21]))


def _ancestors(processes: List[Process]) -> Set[int]:
    parents = {process.pid: process.parent for process in processes}
    pid = os.getpid()
    own: Set[int] = set()
    while pid > 0 and pid not in own:
        own.add(pid)
        pid = parents.get(pid, 0)
    return own


def _command_line(pid: int) -> bytes:
    """The raw command line; empty for the kernel's own threads and for what is gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _text(line: bytes) -> str:
    return line.rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "replace")


def _evidence(process: Process, line: bytes) -> Dict[str, Any]:
    """What tells this process from every other, for whoever may stop it, and what people want to know of it."""
    evidence = {
        "pid": process.pid,
        "started": process.started,
        "command_digest": hashlib.sha256(line).hexdigest(),
        "command": _text(line)[:200],
    }
    try:
        owner = os.stat(f"/proc/{process.pid}").st_uid
        evidence["owner"] = pwd.getpwuid(owner).pw_name
    except OSError:
        pass  # it is gone, and was measured while it was there
    except KeyError:
        evidence["owner"] = str(owner)
    return evidence
