"""Which addresses fail to log in over SSH, and how often, out of the journal or a log.

An address is spoken of for an hour after it failed, though only what it does within the window counts: so that it can
be seen to have stopped.

What somebody typed as a user name stands in these lines, so a line is read from its end: what sshd itself wrote there
comes last, whatever name is made to look like it.
"""

import calendar
import ipaddress
import json
import os
import re
import subprocess
import time
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

PATH = "/usr/bin:/bin:/usr/local/bin"
PATIENCE = 4.0
LINES = 50000
TAIL = 8 << 20  # bytes of a log that are read, from its end
MEMORY = 3600.0  # seconds that an address is spoken of after it failed
MOST = 200  # addresses that are spoken of, the worst first
WORD = r"(?: ssh2)?(?: \[preauth\])?$"
FAILED = re.compile(r"^Failed (?!publickey)[a-z/-]+ for .* from (\S+) port (\d{1,5})" + WORD)
LEFT = re.compile(
    r"^(?:Connection (?:closed|reset) by|Disconnected from) (?:invalid|authenticating) user .* (\S+) port (\d{1,5})"
    + WORD
)
UNKNOWN = re.compile(r"^Invalid user .* from (\S+) port (\d{1,5})$")
TOO_MANY = re.compile(r"^error: maximum authentication attempts exceeded for .* from (\S+) port (\d{1,5})" + WORD)
ACCEPTED = re.compile(r"^Accepted [a-z/-]+ for .* from (\S+) port (\d{1,5})(?: ssh2)?(?:: \S+ \S+)?$")
REPEATED = re.compile(r"^message repeated (\d{1,6}) times: \[ (.*)\]$")
LOGGED = re.compile(r"^(\S+ +\d+ [\d:]{8}|\d{4}-\d\d-\d\dT\S+) \S+ sshd(?:-session)?\[\d+\]: (.*)$")


class Unmeasured(Exception):
    """The message says why."""


class Source:
    """What one address did: connection (its port) -> failed attempts, and how often it got in."""

    def __init__(self) -> None:
        self.ports: Dict[str, int] = {}
        self.accepted = 0

    @property
    def failures(self) -> int:
        """A connection that was given up without an attempt that is logged counts as one."""
        return sum(max(1, attempts) for attempts in self.ports.values())


def probe(arguments: Dict[str, Any]) -> List[Dict[str, Any]]:
    """`auth.failures` of each address that failed, for {"auth": {<key>: {"window": seconds, "log": path or None}}}."""
    items: List[Dict[str, Any]] = []
    worst: Dict[str, Tuple[int, Dict[str, Any]]] = {}
    for key, entry in arguments["auth"].items():
        try:
            now = time.time()
            lines = list(_journal() if entry["log"] is None else _log(entry["log"], now))
            sources = count(message for at, message in lines if at >= now - MEMORY)
            recent = count(message for at, message in lines if at >= now - entry["window"])
        except (Unmeasured, OSError, ValueError) as error:
            items.append({"problem": "{}: {}".format(key, error)})
            continue
        for address in (address for address, whole in sources.items() if whole.failures):
            source = recent.get(address, Source())
            evidence = {
                "address": address,
                "connections": len(source.ports),
                "accepted": source.accepted,
                "window": entry["window"],
            }
            if source.failures > worst.get(address, (-1, {}))[0]:
                worst[address] = source.failures, evidence
    items.append({"name": "auth.sources", "subject": "", "value": sum(failures > 0 for failures, _ in worst.values())})
    for address, (failures, evidence) in sorted(worst.items(), key=lambda pair: (-pair[1][0], pair[0]))[:MOST]:
        items.append({"name": "auth.failures", "subject": address, "value": failures, "evidence": evidence})
    return items


def count(messages: Iterable[str]) -> Dict[str, Source]:
    """Address -> what it did, of sshd's *messages*."""
    found: Dict[str, Source] = {}
    for line in messages:
        repeated = REPEATED.match(line)
        times, message = (int(repeated.group(1)), repeated.group(2)) if repeated else (1, line)
        accepted = ACCEPTED.match(message)
        failed = FAILED.match(message)
        seen = accepted or failed or LEFT.match(message) or UNKNOWN.match(message) or TOO_MANY.match(message)
        address = _address(seen.group(1)) if seen else None
        if seen is None or address is None:
            continue
        source = found.setdefault(address, Source())
        if accepted:
            source.accepted += times
        else:
            port = seen.group(2)
            source.ports[port] = source.ports.get(port, 0) + (times if failed else 0)
    return found


def _address(text: str) -> Optional[str]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def _journal() -> Iterator[Tuple[float, str]]:
    words = ["journalctl", "--quiet", "--no-pager", "--output=json", "--output-fields=MESSAGE"]
    words += ["--since=-{}s".format(int(MEMORY)), "--lines={}".format(LINES)]
    words += ["--identifier=sshd", "--identifier=sshd-session", "_UID=0"]  # whoever may log can't name himself root
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
            env={"PATH": PATH, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise Unmeasured("there is no journalctl on this host; name a log") from None
    except subprocess.TimeoutExpired:
        raise Unmeasured("journalctl takes too long") from None
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode != 0 or "No journal files were opened" in said:
        raise Unmeasured("the journal can't be read (is become needed?): {}".format(said[:200]))
    for line in done.stdout.splitlines():
        entry = json.loads(line.decode("utf-8", "replace"))
        if isinstance(entry.get("MESSAGE"), str):
            yield int(entry["__REALTIME_TIMESTAMP"]) / 1e6, entry["MESSAGE"]


def _log(path: str, now: float) -> Iterator[Tuple[float, str]]:
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
        text = file.read(TAIL).decode("utf-8", "replace")
    for line in text.splitlines():
        found = LOGGED.match(line)
        if found:
            yield moment(found.group(1), now), found.group(2)


def moment(stamp: str, now: float) -> float:
    """The time of a line, in seconds since 1970. Old stamps have no year and are in local time."""
    if stamp[:4].isdigit():
        base = calendar.timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S"))
        zone = re.search(r"([+-])(\d\d):?(\d\d)$", stamp)
        if zone:
            ahead = int(zone.group(2)) * 3600 + int(zone.group(3)) * 60
            base -= ahead if zone.group(1) == "+" else -ahead
        return float(base)
    year = time.localtime(now).tm_year
    at = time.mktime(time.strptime("{} {}".format(year, stamp), "%Y %b %d %H:%M:%S"))
    return at if at <= now + 86400 else time.mktime(time.strptime("{} {}".format(year - 1, stamp), "%Y %b %d %H:%M:%S"))
