"""Is a delivery from whom it says it is from? By a token, a shared header, or a signature over the body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime

from core.sources import Secret

SHORTEST = 12
"""Characters that a secret has at least."""
_LONGEST = 1000

_DIGEST = re.compile(r"[0-9a-f]{64}")
Headers = Sequence[tuple[str, str]]


def admits(secret: Secret, value: str, headers: Headers, body: bytes | None, now: datetime) -> str | None:
    """None if the delivery shows that it knows *value*; else why not, in words that give nothing away.

    Without a *body*, as far as the headers alone can show it: a signature has to be there, and its time has to hold.
    """
    if secret.signature is not None:
        return _signed(secret, value, headers, body, now)
    if secret.header is not None:
        given = _only(headers, secret.header)
        return None if given is not None and _same(given, value) else f"the header {secret.header} is not its secret"
    scheme, _, given = (_only(headers, "authorization") or "").partition(" ")
    if secret.user is not None:
        wanted = f"{secret.user}:{value}"
        return None if scheme.lower() == "basic" and _same(_decoded(given), wanted) else "user or password is wrong"
    return None if scheme.lower() == "bearer" and _same(given.strip(), value) else "the bearer token is wrong"


def _signed(secret: Secret, value: str, headers: Headers, body: bytes | None, now: datetime) -> str | None:
    given = (_only(headers, secret.signature or "") or "").removeprefix("sha256=").lower()
    before = b""
    if secret.timestamp is not None:
        said = _only(headers, secret.timestamp) or ""
        if not said.isascii() or not said.isdecimal() or len(said) > 12:
            return f"the header {secret.timestamp} is no time in seconds"
        if abs(now.timestamp() - int(said)) > secret.within.total_seconds():
            return (
                f"its time is further off than {secret.within.total_seconds():g} seconds: a replay, or a clock is wrong"
            )
        before = f"{said}{secret.between}".encode()
    if body is None:
        return None if _DIGEST.fullmatch(given) else "there is no signature"
    wanted = hmac.new(value.encode(), before + body, hashlib.sha256).hexdigest()
    return None if _same(given, wanted) else "the signature is wrong"


def _only(headers: Headers, name: str) -> str | None:
    """The header's value, if it is there just once."""
    found = [value for key, value in headers if key.lower() == name.lower()]
    return found[0] if len(found) == 1 and len(found[0]) <= _LONGEST else None


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def _decoded(given: str) -> str:
    try:
        return base64.b64decode(given.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
