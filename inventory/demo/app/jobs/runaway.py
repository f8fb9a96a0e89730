"""A job that lost its way: it burns a core for as long as this file is there."""

from __future__ import annotations

import hashlib
from pathlib import Path


def main() -> None:
    """Compute what nobody wants to know."""
    found = b""
    while Path(__file__).exists():
        for _ in range(100_000):
            found = hashlib.sha256(found).digest()


if __name__ == "__main__":
    main()
