"""Digests of values and of files: the same content always gives the same hexadecimal text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def digest_of(value: object) -> str:
    """SHA-256 over the canonical JSON of *value* (sorted keys, no spaces). Raises TypeError for what JSON lacks."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_files(files: Mapping[str, bytes]) -> str:
    """SHA-256 over relative paths and contents, independent of order and safe against moved borders."""
    return digest_of({path: hashlib.sha256(content).hexdigest() for path, content in files.items()})


def digest_of_secret(secret: str) -> str:
    """SHA-256 of a secret of our own making: it is too long to be guessed, so that no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
