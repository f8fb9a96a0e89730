"""What happened, as the outside saw it: lines in a file that only grows, each on the disk before anything goes on.

The proof must not come from the store that is being tested: what was answered and what was executed is written here.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Record:
    """One file of JSON lines. Several processes may write to it; a line is never torn."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, kind: str, **said: Any) -> None:
        """Add one line, and return when it is on the disk."""
        self.note(kind, **said)
        os.fsync(self._file)

    def note(self, kind: str, **said: Any) -> None:
        """Add one line that outlives the process, and need not outlive the machine."""
        os.write(self._file, json.dumps({"kind": kind, **said}).encode() + b"\n")

    def lines(self, kind: str | None = None) -> list[dict[str, Any]]:
        """All lines (of one kind), in the order in which they were written."""
        lines = [json.loads(line) for line in self._path.read_text().splitlines()]
        return [line for line in lines if kind in (None, line["kind"])]

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)
