"""The journal's chain: every entry carries a keyed hash over itself and its predecessor."""

from __future__ import annotations

import hmac
import json
from typing import Any

from core.model import Model, Time

_compact = json.JSONEncoder(separators=(",", ":")).encode
GENESIS = "0" * 64
"""The predecessor of the first entry."""


class Entry(Model):
    """One decision, in order. `body` holds typed, redacted facts; `hash` seals it to everything before."""

    seq: int
    at: Time
    kind: str
    incident_id: str | None
    actor: str
    body: dict[str, Any]
    previous: str
    hash: str


class Head(Model):
    """The newest entry that is known to exist; kept outside the database, so that a cut tail is found."""

    seq: int
    hash: str


def seal(
    key: bytes, *, seq: int, at: str, kind: str, incident_id: str | None, actor: str, body: str, previous: str
) -> str:
    """HMAC-SHA256 over the entry's fields; *at* is ISO 8601 in UTC and *body* canonical JSON, as stored."""
    text = _compact([seq, at, kind, incident_id, actor, body, previous])
    return hmac.digest(key, text.encode(), "sha256").hex()
