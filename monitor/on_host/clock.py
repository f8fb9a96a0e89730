"""Whether the time service of a host keeps its clock, and how far the clock is off what its servers say.

The servers are asked with one packet each (SNTP), past the time service, so that a service which is content with itself
proves nothing.
"""

import ipaddress
import os
import socket
import struct
import subprocess
import time
from typing import Any, Dict, List, Optional

PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
PATIENCE = 1.5
EPOCH = 2208988800  # seconds from 1900, where NTP counts from, to 1970


def probe(arguments: Dict[str, Any]) -> List[Dict[str, Any]]:
    """`clock.kept` (1 or 0) and `clock.offset` of each of {"time": {<key>: {"unit", "servers", "tolerance"}}}."""
    items = []
    for key, entry in arguments["time"].items():
        active = _said(["systemctl", "is-active", "--", entry["unit"]]).strip() or "unknown"
        enabled = _said(["systemctl", "is-enabled", "--", entry["unit"]]).strip() or "unknown"
        agreed = _agreed(entry["unit"]) if active == "active" else "no"
        offsets = [one for one in (offset(server) for server in entry["servers"][:3]) if one is not None]
        evidence: Dict[str, Any] = {"service": active, "enabled": enabled, "agreed": agreed, "answered": len(offsets)}
        off = sorted(offsets)[len(offsets) // 2] if offsets else None
        kept = active == "active" and enabled not in ("disabled", "masked") and agreed != "no"
        if off is not None:
            evidence["offset"] = round(off, 6)
            kept = kept and abs(off) <= entry["tolerance"]
            items.append({"name": "clock.offset", "subject": key, "value": off})
        items.append({"name": "clock.kept", "subject": key, "value": int(kept), "evidence": evidence})
    return items


def offset(server: str) -> Optional[float]:
    """Seconds that this clock is behind *server*; None if it does not answer or is not in step itself."""
    family = socket.AF_INET
    try:
        if ipaddress.ip_address(server).version == 6:
            family = socket.AF_INET6
    except ValueError:
        pass
    with socket.socket(family, socket.SOCK_DGRAM) as channel:
        channel.settimeout(PATIENCE)
        try:
            channel.connect((server, 123))
            mark = os.urandom(8)
            sent = time.time()
            channel.send(b"\x23" + bytes(39) + mark)
            answer = channel.recv(512)
            return read_answer(answer, mark, sent, time.time())
        except OSError:
            return None


def read_answer(answer: bytes, mark: bytes, sent: float, received: float) -> Optional[float]:
    """The offset in an SNTP answer; None if it is none, is to somebody else, or its sender is not in step."""
    if len(answer) < 48 or answer[0] & 7 != 4 or answer[0] >> 6 == 3 or not 0 < answer[1] < 16:
        return None
    if answer[24:32] != mark:
        return None
    seconds, part, seconds_after, part_after = struct.unpack(">IIII", answer[32:48])
    arrived, left = seconds - EPOCH + part / 2.0**32, seconds_after - EPOCH + part_after / 2.0**32
    return float((arrived - sent) + (left - received)) / 2


def _agreed(unit: str) -> str:
    """Whether the time service says that it agrees with a server: yes, no, or unknown if it can't be asked."""
    if unit.startswith("chrony"):
        fields = _said(["chronyc", "-n", "-c", "tracking"]).strip().split(",")
        return "unknown" if len(fields) < 14 else "no" if fields[-1] == "Not synchronised" else "yes"
    said = _said(["timedatectl", "show", "--property=NTPSynchronized", "--value"]).strip()
    return said if said in ("yes", "no") else "unknown"


def _said(words: List[str]) -> str:
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
            env={"PATH": PATH, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")
