"""Where the commands that stay log to: standard error, and how much of it."""

from __future__ import annotations

import logging


def log_to_stderr(level: str) -> None:
    """Log at FLEETMEND_LOG_LEVEL; other people's code only warns."""
    logging.basicConfig(level="WARNING", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # It warns of no hostname whenever the broker is in memory.
    logging.getLogger("kombu.connection").setLevel("ERROR")
    for room in ("api", "loop", "monitor", "planner", "runner", "verifier", "store", "catalog", "fleets"):
        # What happens to incidents is printed anyway.
        logging.getLogger(room).setLevel("WARNING" if level == "info" else level.upper())
