"""Identifiers: sortable by time, short enough to type."""

from __future__ import annotations

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_PAIR_BITS = 10
_TIME_BITS, _RANDOM_BYTES = 40, 5
_SHIFTS = range(_TIME_BITS + 8 * _RANDOM_BYTES - _PAIR_BITS, -1, -_PAIR_BITS)


def new_id(prefix: str) -> str:
    """Return an id like `inc-1k7m2q9x4tdz8b3c`: eight characters of time (ms), then eight random ones.

    So many that no two of some hundred made in the same millisecond, in whatever process, are the same.
    """
    time_part = int(time.time() * 1000) & ((1 << _TIME_BITS) - 1)
    number = time_part << 8 * _RANDOM_BYTES | int.from_bytes(os.urandom(_RANDOM_BYTES))
    return f"{prefix}-{''.join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])}"
