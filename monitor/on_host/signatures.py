"""Looks through the journal and through files for known signatures, from where it was read to the last time.

What is read in one go is bounded, and the next time goes on from there. A file that was rotated is read to its end
under its new name first; one that was truncated, or that is another one by now, is read from its beginning.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from typing import Any, Dict, Iterator, List, Optional, Tuple

PATH = "/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin"
READ = 1 << 20  # bytes that are read of one log in one go
LINE = 4096  # characters of a line that are looked at
HEAD = 256  # bytes at the beginning of a file that tell it from another one
SHOWN = 300  # characters of the first line that fits
PATIENCE = 4.0  # seconds for journalctl

Item = Dict[str, Any]


class Unread(Exception):
    """The message says why."""


def probe(arguments: Dict[str, Any]) -> List[Item]:
    """`log.<signature>` of each of {"signatures": {<key>: {"file", "cursor"}}}: lines since its cursor."""
    patterns = {name: re.compile(pattern) for name, pattern in arguments["patterns"].items()}
    items: List[Item] = []
    for key, entry in arguments["signatures"].items():
        try:
            take = _journal if entry["file"] is None else _file
            lines, cursor, size = take(entry["file"], entry.get("cursor"))
        except (Unread, OSError, ValueError) as error:
            items.append({"problem": "{}: {}".format(key, " ".join(str(error).split())[:200])})
            continue
        counts: Dict[str, int] = {}
        first: Dict[str, str] = {}
        for line in lines:
            for name, pattern in patterns.items():
                if pattern.search(line):
                    counts[name] = counts.get(name, 0) + 1
                    first.setdefault(name, line[:SHOWN])
        for name in patterns:
            evidence = {"log": key, "line": first[name]} if name in first else {"log": key}
            items.append({"name": "log." + name, "subject": key, "value": counts.get(name, 0), "evidence": evidence})
        items.append({"name": "log.position", "subject": key, "value": size, "evidence": cursor})
    return items


def _file(path: str, cursor: Optional[Dict[str, Any]]) -> Tuple[List[str], Dict[str, Any], int]:
    """(lines, new cursor, bytes read) of a file. Without a cursor, it is read from its end on."""
    if cursor is None:
        with _opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            return [], dict(_identity(file), offset=size), 0
    lines: List[str] = []
    left = READ
    position = cursor
    for one, begin in _parts(path, cursor):
        with _opened(one) as file:
            position = dict(_identity(file), offset=begin)
            taken, used = _lines(file, begin, left, last=one == path)
        lines += taken
        position["offset"] = begin + used
        left -= used
        if left <= 0:
            break
    return lines, position, READ - left


def _opened(path: str) -> Any:
    # a FIFO must not keep us, and what somebody else links to is not followed
    return open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")


def _identity(file: Any) -> Dict[str, Any]:
    file.seek(0)
    head = file.read(HEAD)
    return {"inode": os.fstat(file.fileno()).st_ino, "head": hashlib.sha256(head).hexdigest()[:32], "length": len(head)}


def _same(path: str, cursor: Dict[str, Any]) -> bool:
    with _opened(path) as file:
        if os.fstat(file.fileno()).st_size < cursor["offset"]:
            return False
        return bool(hashlib.sha256(file.read(int(cursor["length"]))).hexdigest()[:32] == cursor["head"])


def _parts(path: str, cursor: Dict[str, Any]) -> Iterator[Tuple[str, int]]:
    """(file, where to begin) of all that is to be read, oldest first."""
    folder, name = os.path.split(path)
    found = []
    for other in sorted(os.listdir(folder or "/")):
        whole = os.path.join(folder, other)
        if other == name or not other.startswith(name) or re.search("[.](gz|bz2|xz|zst)$", other):
            continue
        if os.path.isfile(whole) and not os.path.islink(whole):
            status = os.stat(whole)
            found.append((status.st_mtime_ns, whole, status.st_ino))
    found.sort()
    found.append((0, path, os.stat(path).st_ino))
    at = next((n for n, one in enumerate(found) if one[2] == cursor["inode"] and _same(one[1], cursor)), None)
    if at is None:
        yield path, 0  # another file by now, or truncated
        return
    for number, one in enumerate(found[at:]):
        yield one[1], int(cursor["offset"]) if number == 0 else 0


def _lines(file: Any, begin: int, most: int, last: bool) -> Tuple[List[str], int]:
    """(whole lines, bytes that they take) from *begin* on, of *most* bytes. A line that is longer is cut."""
    file.seek(begin)
    data = file.read(most)
    end = data.rfind(b"\n") + 1
    if end == 0 or not last:
        # one that is longer than all that may be read, or the end of a file that nobody writes to any more
        end = len(data) if len(data) >= most or not last else 0
    return [line[:LINE].decode("utf-8", "replace") for line in data[:end].split(b"\n") if line], end


def _journal(_path: None, cursor: Optional[Dict[str, Any]]) -> Tuple[List[str], Dict[str, Any], int]:
    """(lines, new cursor, bytes read) of the journal. Without a cursor, it is read from its end on."""
    tool = shutil.which("journalctl", path=PATH)
    if tool is None:
        raise Unread("there is no journalctl on this host; name a file")
    command = [tool, "--no-pager", "--quiet", "--output=json", "--output-fields=MESSAGE"]
    command += ["--lines=1"] if cursor is None else ["--after-cursor=" + str(cursor["cursor"])]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": PATH, "LC_ALL": "C"},
    )
    try:
        data = _some(process, READ)
    finally:
        process.kill()
        process.wait()
    lines = []
    reached = cursor
    for line in data[: data.rfind(b"\n") + 1].splitlines():
        try:
            entry = json.loads(line.decode("utf-8", "replace"))
            reached = {"cursor": str(entry["__CURSOR"])}
        except (ValueError, KeyError, TypeError):
            continue
        if cursor is not None:
            lines.append(message_of(entry)[:LINE])
    if reached is None:
        said = process.stderr.read(400).decode("utf-8", "replace") if process.stderr else ""
        raise Unread("the journal is empty, or can't be read (is become needed?) " + said)
    return lines, reached, len(data)


def _some(process: Any, most: int) -> bytes:
    """What it prints within PATIENCE, *most* bytes of it."""
    deadline = time.monotonic() + PATIENCE
    data = b""
    os.set_blocking(process.stdout.fileno(), False)
    while len(data) < most and time.monotonic() < deadline:
        part = process.stdout.read(65536)
        if part == b"":
            break
        if part is None:
            time.sleep(0.01)
            continue
        data += part
    return data


def message_of(entry: Dict[str, Any]) -> str:
    """The message of an entry; one that is no text comes as a list of bytes."""
    message = entry.get("MESSAGE")
    if isinstance(message, list):
        return bytes(one for one in message if isinstance(one, int) and 0 <= one < 256).decode("utf-8", "replace")
    return message if isinstance(message, str) else ""
