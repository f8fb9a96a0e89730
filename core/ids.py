"""Identifiers: sortable by time, short enough to type."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """Return an id like `inc-1k7m2q9x4tdz`: eight characters of time (ms), then five random ones."""
    number = (int(time.time() * 1000) & ((1 << 40) - 1)) << 25 | secrets.randbits(25)
    digits = []
    for _ in range(13):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return f"{prefix}-{''.join(reversed(digits))}"
