"""What every measurement has: a line of JSON, the load that it was taken under, and medians rather than means."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Sequence
from pathlib import Path

import psutil

Line = dict[str, object]


def load() -> float:
    """The load average of the last minute: on two cores, more than 2 means that others were at work too."""
    return round(os.getloadavg()[0], 1)


def say(line: Line) -> Line:
    """Print *line* at once."""
    print(json.dumps(line), flush=True)
    return line


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of *values* that so many of them do not exceed."""
    return sorted(values)[max(0, -int(-share * len(values) // 1) - 1)]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def memory_mb(pid: int) -> float:
    """Resident memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU that a process took until now."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
