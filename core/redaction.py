"""Keeping secrets out of whatever people and databases get to see."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from typing import Any

MASK = "«redacted»"

SECRET_NAME = re.compile(
    r"(?i)(?:^|[_\-.])(?:pass(?:wd|word|phrase)?|secret|token|api_?key|private_?key|credentials?|auth)(?:$|[_\-.])"
    r"|^vault_|password|passphrase"
)
"""Names of variables and keys whose values are never shown."""

# Every pattern takes linear time: what is searched comes from hosts, and a hostile one would pick the slowest text.
_PATTERNS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"\$ANSIBLE_VAULT;[^\n]*(?:\n\s*[0-9a-f]{40,})*"),
    re.compile(r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=\-]{8,}"),
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}"),
    re.compile(r"\bfm_[A-Za-z0-9_\-]{20,}"),
    re.compile(r"(?<![\w\-])eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*"),
    re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"),
)
_ASSIGNMENT = re.compile(
    r"(?i)((?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key|access[_-]?key)"
    r"[\w.\-]{0,64}[\"']?\s*[:=]\s*)(\"[^\"\n]*\"|'[^'\n]*'|[^\s,;}\"'\n]+)"
)
_SHORTEST_SECRET = 4
_OFTEN, _REMEMBERED = 100, 1024
"""So short a text is likely to come again, as states and mount points do, and is looked through once."""


class Redactor:
    """Masks known secret values, and whatever looks like a secret."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({s for s in secrets if len(s) >= _SHORTEST_SECRET}, key=len, reverse=True)
        self._masked = partial(_masked, re.compile("|".join(map(re.escape, known))) if known else None)
        self._remembered = lru_cache(_REMEMBERED)(self._masked)

    def text(self, text: str) -> str:
        """Return *text* with every secret masked."""
        return self._remembered(text) if len(text) <= _OFTEN else self._masked(text)

    def value(self, value: Any) -> Any:
        """Redact inside JSON-like data; a value under a secret-sounding name is masked whole."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {
                key: MASK if isinstance(item, str) and SECRET_NAME.search(str(key)) else self.value(item)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value


def _masked(known: re.Pattern[str] | None, text: str) -> str:
    if known is not None:
        text = known.sub(MASK, text)
    for pattern in _PATTERNS:
        text = pattern.sub(MASK, text)
    return _ASSIGNMENT.sub(lambda match: match.group(1) + MASK, text)
