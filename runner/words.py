"""What is shown of an event: redacted first, and then cut to a bound, so that no secret is cut in two and missed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.fleets import Fleet
from core.redaction import Redactor
from runner.private_folder import FLEET

LINE = 400
"""Characters of a one-line message."""
DETAIL = 4_000
"""Characters of a `progress` detail."""
_MOST = 512_000
"""Characters that are looked at in one text."""
_TAIL = 8_192
"""Characters given up at the end of a text that was longer than `_MOST`: a secret may have been cut in two there."""
_LONG_LINE = 16


def redactor_of(fleet: Fleet, private: Path | None = None) -> Redactor:
    """The redactor for whatever a run on *fleet* says: its secrets, in the shapes in which Ansible shows them.

    Files in the run's *private* folder are named as people know them: `files/web.conf`, as in the fleet's folder. The
    folder is another one each time, so that no two diffs would be the same.
    """
    return RunRedactor(_shapes(fleet.secrets), private)


class RunRedactor(Redactor):
    """A redactor that also leaves out where a run's files lie on this machine."""

    def __init__(self, secrets: Iterable[str], private: Path | None) -> None:
        super().__init__(secrets)
        self._private = () if private is None else (f"{private / FLEET}/", f"{private}/")

    def text(self, text: str) -> str:
        """Return *text* with every secret masked, and names of the run's files as people know them."""
        for folder in self._private:
            text = text.replace(folder, "")
        return super().text(text)


def _shapes(secrets: Iterable[str]) -> Iterable[str]:
    for secret in secrets:
        yield secret
        yield secret.strip()
        yield json.dumps(secret)[1:-1]
        yield json.dumps(secret, ensure_ascii=False)[1:-1]
        if "\n" in secret:
            # A diff puts a sign before every line, so a key of many lines never appears in one piece.
            yield from (line.strip() for line in secret.splitlines() if len(line.strip()) >= _LONG_LINE)


def bounded(redactor: Redactor, text: str, limit: int) -> str:
    """Return *text* redacted, and at most *limit* characters of it."""
    masked = redactor.text(text[:_MOST])
    if len(text) > _MOST:
        masked = masked[:-_TAIL]
    return masked if len(masked) <= limit and len(text) <= _MOST else masked[: limit - 1] + "…"


def one_line(redactor: Redactor, text: str) -> str:
    """Return *text* redacted, on one line, at most `LINE` characters, without control characters."""
    masked = " ".join(bounded(redactor, text, 4 * LINE).split())
    printable = "".join(character for character in masked if character.isprintable())
    return printable if len(printable) <= LINE else printable[: LINE - 1] + "…"


def shown(redactor: Redactor, value: Any) -> str:
    """Return JSON-like *value* as text; strings in it are redacted one by one, before JSON escapes them."""
    if isinstance(value, str):
        return value
    return json.dumps(redactor.value(value), ensure_ascii=False, indent=1, sort_keys=True, default=str)
