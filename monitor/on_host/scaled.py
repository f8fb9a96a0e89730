"""How busy the instances of scaled services are, by the connections that clients hold to their ports."""

import math
from typing import Any, Dict, List, Set, Tuple

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
LISTENING = "0A"
HELD = ("01", "08")  # established, and those that the client has closed and the service has not yet
BUSY = 0.6  # the share of their capacity that instances are to have after more were started …
QUIET = 0.5  # … and at most after some were stopped
MOST = 500000  # lines of a table that are read


def probe(arguments: Dict[str, Any]) -> List[Dict[str, Any]]:
    """`scaled.busy`, `.spare` and `.running` of each of {"scaled": {<key>: {"first_port", "min", "max", "capacity"}}}.

    An instance runs if its port listens. busy is connections by what the running instances can hold, spare how many of
    them the rest could do without, running how many there are. Evidence `wanted` is how many there should be.
    """
    listening: Set[int] = set()
    held: Dict[int, int] = {}
    for path in TABLES:
        _add_up(path, listening, held)
    return [item for key, entry in arguments["scaled"].items() for item in measure(key, entry, listening, held)]


def _add_up(path: str, listening: Set[int], held: Dict[int, int]) -> None:
    try:
        with open(path, encoding="ascii", errors="replace") as table:
            for number, line in enumerate(table):
                if number > MOST:
                    raise RuntimeError(f"{path} holds too many connections to read")
                port, state = port_and_state(line)
                if state == LISTENING:
                    listening.add(port)
                elif state in HELD:
                    held[port] = held.get(port, 0) + 1
    except FileNotFoundError:
        return  # a kernel without IPv6


def port_and_state(line: str) -> Tuple[int, str]:
    """The local port and the state in a line of /proc/net/tcp; (0, "") for its heading."""
    fields = line.split()
    if len(fields) < 4 or ":" not in fields[1]:
        return 0, ""
    return int(fields[1].rpartition(":")[2], 16), fields[3]


def measure(key: str, entry: Dict[str, Any], listening: Set[int], held: Dict[int, int]) -> List[Dict[str, Any]]:
    """The samples of one entry."""
    ports = range(entry["first_port"], entry["first_port"] + entry["max"])
    running = sum(port in listening for port in ports)
    connections = sum(held.get(port, 0) for port in ports)
    capacity = entry["capacity"]
    busy = connections / (running * capacity) if running else 0.0  # that none runs is for `services` to say
    enough = _within(math.ceil(connections / (capacity * BUSY)), entry)
    least = _within(math.ceil(connections / (capacity * QUIET)), entry)
    spare = max(0, running - least)
    facts = {"running": running, "connections": connections, "capacity": capacity}
    return [
        {"name": "scaled.busy", "subject": key, "value": busy, "evidence": dict(facts, wanted=max(enough, running))},
        {"name": "scaled.spare", "subject": key, "value": spare, "evidence": dict(facts, wanted=least)},
        {"name": "scaled.running", "subject": key, "value": running, "evidence": {}},
    ]


def _within(count: int, entry: Dict[str, Any]) -> int:
    return int(min(max(count, entry["min"]), entry["max"]))
