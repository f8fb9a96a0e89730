"""Sizes as people write them in an inventory: `500MB`, `2GB`, or a number of bytes."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([KMGTP])i?)?B?", re.IGNORECASE)
_POWERS = {"K": 1, "M": 2, "G": 3, "T": 4, "P": 5}


def parse_size(value: object) -> int:
    """Read a size in bytes. Raises ValueError with the accepted form.

    MB and MiB are the same here, 1024² bytes: so does Ansible's `human_to_bytes` read MB, by which the roles clean.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    size = int(float(match[1]) * 1024 ** _POWERS.get((match[2] or "").upper(), 0)) if match else 0
    if size <= 0:
        raise ValueError(f"{value!r} is not a size; write for example 500MB, 2GB or a number of bytes")
    return size


Size = Annotated[int, BeforeValidator(parse_size)]
