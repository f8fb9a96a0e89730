"""Diffs as Ansible's modules report them, as unified text that people can read."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from core.redaction import Redactor
from runner.words import bounded

_HIDDEN = "(the only difference lies in a secret, which is not shown)\n"
_UNSEEN = {
    "dst_binary": "what is there is no text",
    "src_binary": "what is put there is no text",
    "dst_larger": "what is there is large",
    "src_larger": "what is put there is large",
}
"""What Ansible says where it makes no diff: a side that it did not read must not pass for one without a difference."""
_TOO_LARGE = 200_000
"""Characters of one side from which on no diff is made."""


def diff_text(redactor: Redactor, diff: Any) -> str:
    """Return the unified diff of a `diff` result (a mapping or a list of them), redacted; empty if nothing differs."""
    parts = diff if isinstance(diff, list) else [diff]
    return "".join(_one(redactor, part) for part in parts if isinstance(part, Mapping))


def _one(redactor: Redactor, part: Mapping[str, Any]) -> str:
    prepared = part.get("prepared")
    if isinstance(prepared, str):
        return _ended(bounded(redactor, prepared, _TOO_LARGE)) if prepared else ""
    before, after = _side(redactor, part.get("before")), _side(redactor, part.get("after"))
    place, put = _headers(redactor, part)
    unseen = [words for key, words in _UNSEEN.items() if part.get(key)]
    if unseen:
        return f"--- {place}\n+++ {put}\n({'; '.join(unseen)}: what would change in it is not shown)\n"
    if part.get("before") == part.get("after"):
        return ""
    if max(len(before), len(after)) > _TOO_LARGE:
        return f"--- {place}\n+++ {put}\n(too large to show)\n"
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), place, put, lineterm="")
    # Both sides were redacted whole; a second look finds what only the finished line shows.
    return redactor.text(_joined(lines)) or _HIDDEN


def _headers(redactor: Redactor, part: Mapping[str, Any]) -> tuple[str, str]:
    """`---` says where on the host it is, `+++` what is put there. A module that names one of them names the place."""
    before, after = (str(part.get(f"{side}_header") or "") for side in ("before", "after"))
    place, put = before or after, after or before
    return redactor.text(place).replace("\n", " "), redactor.text(put).replace("\n", " ")


def _side(redactor: Redactor, side: Any) -> str:
    if side is None:
        return ""
    if isinstance(side, str):
        return redactor.text(side) if len(side) <= _TOO_LARGE else side
    return json.dumps(redactor.value(side), ensure_ascii=False, indent=1, sort_keys=True, default=str)


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"
