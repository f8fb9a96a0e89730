"""A job that does no harm: it waits. It stands beside the runaway one, and must still run when that is stopped."""

from __future__ import annotations

import time
from pathlib import Path


def main() -> None:
    """Wait for as long as this file is there."""
    while Path(__file__).exists():
        time.sleep(0.5)


if __name__ == "__main__":
    main()
