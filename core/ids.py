"""Identifiers: sortable by time, short enough to type."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


_TIME_BITS, _RANDOM_BITS, _DIGITS = 40, 40, 16


def new_id(prefix: str) -> str:
    """Return an id like `inc-1k7m2q9x4tdz8b3c`: eight characters of time (ms), then eight random ones.

    So many that no two of some hundred made in the same millisecond, in whatever process, are the same.
    """
    time_part = int(time.time() * 1000) & ((1 << _TIME_BITS) - 1)
    number = time_part << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    return f"{prefix}-{''.join([_ALPHABET[number >> shift & 31] for shift in range(5 * (_DIGITS - 1), -1, -5)])}"
