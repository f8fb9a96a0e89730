"""Whether watched files are still what the fleet's own copies are."""

import hashlib
import os
import stat
from typing import Any, Dict, List

LARGEST = 64 * 1024 * 1024  # bytes; the fleet's copies are smaller than that, so what is larger differs


def probe(arguments: Dict[str, Any]) -> List[Dict[str, Any]]:
    """`file.drift` of each of {"files": {<key>: {"path", "expected": <sha256>}}}: 1 if it differs or is missing."""
    return [_compare(key, entry["path"], entry["expected"]) for key, entry in arguments["files"].items()]


def _compare(key: str, path: str, expected: str) -> Dict[str, Any]:
    try:
        found = _digest(path)
    except (FileNotFoundError, NotADirectoryError):
        found = "missing"
    except OSError as error:
        return {"problem": f"{key}: {path} can't be read: {error.strerror}"}
    evidence = {"sha256": found, "expected": expected}
    return {"name": "file.drift", "subject": key, "value": int(found != expected), "evidence": evidence}


def _digest(path: str) -> str:
    # without waiting: a pipe that somebody put there would hang the probe
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return "not a file"
        if status.st_size > LARGEST:
            return "too large"
        digest = hashlib.sha256()
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
        return digest.hexdigest()
