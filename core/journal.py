"""The journal's chain: every entry carries a keyed hash over itself and its predecessor."""

from __future__ import annotations

import hmac
import json
from typing import Any

from pydantic import Field

from core.model import Model, Time

_encode = json.JSONEncoder().encode
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
    digests: dict[str, dict[str, tuple[str | None, str | None]]] | None = Field(default=None, exclude=True)
    """Table -> key -> the row's digest before and after, of all rows that its transaction changed. None: of none.

    The proof alone reads them: a key may be the digest of a token or session, so that nobody is shown any."""
    previous: str
    hash: str


class Head(Model):
    """The newest entry that is known to exist; kept outside the database, so that a cut tail is found."""

    seq: int
    hash: str


def seal(
    key: bytes,
    *,
    seq: int,
    at: str,
    kind: str,
    incident_id: str | None,
    actor: str,
    body: str,
    previous: str,
    digests: str | None = None,
) -> str:
    """HMAC-SHA256 over the entry's fields; *at* is ISO 8601 in UTC, *body* and *digests* canonical JSON, as stored."""
    # This is json.dumps of the list, four times as fast: a proof does it for every entry.
    about = "null" if incident_id is None else _encode(incident_id)
    text = f"[{seq},{_encode(at)},{_encode(kind)},{about},{_encode(actor)},{_encode(body)},{_encode(previous)}"
    text += "]" if digests is None else f",{_encode(digests)}]"
    return hmac.digest(key, text.encode(), "sha256").hex()
