"""How long watched certificates are still valid, read out of the files themselves with the standard library alone."""

import base64
import calendar
import re
import time
from typing import Any, Dict, List, Tuple

PEM = re.compile(b"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----(.+?)-----END", re.DOTALL)
LARGEST = 1 << 20  # bytes of a file that are read
SEQUENCE, UTC_TIME, GENERALIZED_TIME, VERSION = 0x30, 0x17, 0x18, 0xA0
DAY = 86400.0

Item = Dict[str, Any]


def probe(arguments: Dict[str, Any]) -> List[Item]:
    """`certificate.days` that are left of each of {"certificates": {<key>: {"path"}}}: the first one in the file."""
    return [_look(key, entry["path"], time.time()) for key, entry in arguments["certificates"].items()]


def _look(key: str, path: str, now: float) -> Item:
    try:
        with open(path, "rb") as file:
            ends = valid_until(file.read(LARGEST))
    except OSError as error:
        return {"problem": f"{key}: {path} can't be read: {error.strerror}"}
    except (ValueError, IndexError):
        return {"problem": f"{key}: {path} holds no certificate"}
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))
    evidence = {"path": path, "valid_until": until}
    return {"name": "certificate.days", "subject": key, "value": round((ends - now) / DAY, 3), "evidence": evidence}


def valid_until(content: bytes) -> int:
    """Seconds since 1970 at which the first certificate in *content* ends. Raises ValueError or IndexError."""
    pem = PEM.search(content)
    der = base64.b64decode(pem.group(1)) if pem else content
    certificate = _inside(der, 0, SEQUENCE)
    fields = _fields(_inside(der, certificate[0], SEQUENCE), der)
    if fields[0][0] == VERSION:
        fields = fields[1:]
    # serial number, algorithm, issuer, validity
    _, ends = _fields(fields[3][1:], der)[:2]
    kind, start, stop = ends
    text = der[start:stop].decode("ascii")
    if kind == UTC_TIME:
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    elif kind != GENERALIZED_TIME:
        raise ValueError("the end of the validity is no time")
    return calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ"))


def _fields(place: Tuple[int, int], der: bytes) -> List[Tuple[int, int, int]]:
    """(kind, start, stop) of each value between the two ends of *place*."""
    found = []
    at, end = place
    while at < end:
        kind, start, stop = _value(der, at)
        found.append((kind, start, stop))
        at = stop
    return found


def _inside(der: bytes, at: int, wanted: int) -> Tuple[int, int]:
    kind, start, stop = _value(der, at)
    if kind != wanted:
        raise ValueError("it is not built as a certificate is")
    return start, stop


def _value(der: bytes, at: int) -> Tuple[int, int, int]:
    """(kind, start, stop) of the value that begins at *at*."""
    kind, length, start = der[at], der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(der[start : start + size], "big"), start + size
    if start + length > len(der):
        raise ValueError("it ends too early")
    return kind, start, start + length
