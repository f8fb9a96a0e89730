"""The journal's newest head, outside the database: written by a thread, soon after each commit, and read from there.

Whoever committed does not wait for it. A process that is killed before it is written leaves an older head, which stays
true: it says of fewer entries that they must be there.
"""

from __future__ import annotations

import fcntl
import logging
import threading
from pathlib import Path

from core.errors import BadInput
from core.journal import Head

log = logging.getLogger(__name__)


class HeadFile:
    """The last head that this machine saw committed. It only ever moves forward; processes share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._condition = threading.Condition()
        self._newest: Head | None = None
        self._seen_to, self._closing = -1, False
        self._thread: threading.Thread | None = None

    def read(self) -> Head | None:
        """The stored head, or None if there is none yet. Raises BadInput if the file is damaged."""
        self.flush()
        return self._stored()

    def advance(self, head: Head) -> None:
        """Store *head*, unless a newer one is there already, in a moment."""
        with self._condition:
            if self._newest is not None and head.seq <= self._newest.seq:
                return
            self._newest = head
            if self._closing:  # a store that was closed may be used on
                self._write(head)
                self._seen_to = head.seq
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, name="journal head", daemon=True)
                self._thread.start()
            self._condition.notify_all()

    def flush(self) -> None:
        """Return when all that was to be stored has been tried to be."""
        with self._condition:
            self._condition.wait_for(self._settled)

    def close(self) -> None:
        """Store what is left, and end the thread."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _settled(self) -> bool:
        return self._newest is None or self._seen_to >= self._newest.seq

    def _follow(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._closing or not self._settled())
                head = self._newest
                if head is None or self._settled():
                    return
            self._write(head)
            with self._condition:
                self._seen_to = max(self._seen_to, head.seq)
                self._condition.notify_all()

    def _write(self, head: Head) -> None:
        try:
            with self._path.with_suffix(".lock").open("w") as alone:
                fcntl.flock(alone, fcntl.LOCK_EX)
                stored = self._stored()
                if stored is None or stored.seq < head.seq:
                    partial = self._path.with_suffix(".new")
                    partial.write_text(head.model_dump_json())
                    partial.chmod(0o600)
                    partial.replace(self._path)
        except (OSError, BadInput) as error:
            # The entry is committed: whoever wrote it must not hear that it failed. An older head stays true.
            log.warning("%s could not be written, and stays at an older entry: %s", self._path, error)

    def _stored(self) -> Head | None:
        try:
            return Head.model_validate_json(self._path.read_text())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise BadInput(f"the journal's head is damaged: {error}", file=self._path) from None
