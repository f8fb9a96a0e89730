"""How large watched folders are, against their budgets."""

import os
import time
from typing import Any, Dict, List

FILES = 200000  # names that are looked at in one folder
PATIENCE = 5.0  # seconds for one sweep over all folders


def probe(arguments: Dict[str, Any]) -> List[Dict[str, Any]]:
    """`folder.used` of each of {"folders": {<key>: {"path", "budget"}}}, in bytes: 1.0 is full. Follows no links."""
    deadline = time.monotonic() + PATIENCE
    return [_measure(key, entry["path"], entry["budget"], deadline) for key, entry in arguments["folders"].items()]


def _measure(key: str, path: str, budget: int, deadline: float) -> Dict[str, Any]:
    try:
        size, files, complete = _add_up(path, deadline)
    except OSError as error:
        return {"problem": f"{key}: {path} can't be read: {error.strerror}"}
    if not complete and size <= budget:
        return {"problem": f"{key}: {path} holds too many files to add up in time"}
    # beyond the budget, even what was seen of an incomplete sum is enough to say so
    evidence = {"bytes": size, "budget": budget, "files": files, "complete": complete}
    return {"name": "folder.used", "subject": key, "value": size / budget, "evidence": evidence}


def _add_up(path: str, deadline: float) -> Any:
    """(bytes, files, complete) of all regular files below *path*. Raises OSError if *path* itself can't be read."""
    size = files = seen = 0
    linked = set()
    folders: List[str] = []
    entries = os.scandir(path)
    while True:
        with entries:
            for entry in entries:
                seen += 1
                if seen > FILES or time.monotonic() > deadline:
                    return size, files, False
                try:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                        continue
                    if not entry.is_file(follow_symlinks=False):
                        continue
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue  # it went away, or is not ours to read
                if status.st_nlink > 1:
                    if (status.st_dev, status.st_ino) in linked:
                        continue
                    linked.add((status.st_dev, status.st_ino))
                size, files = size + status.st_size, files + 1
        following = _next(folders)
        if following is None:
            return size, files, True
        entries = following


def _next(folders: List[str]) -> Any:
    """Open one of *folders*, taking it off; None when there is none left. What went away or is not ours is left out."""
    while folders:
        try:
            return os.scandir(folders.pop())
        except OSError:
            continue
    return None
