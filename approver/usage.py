"""Reading the snapshot of use: when a remedy last started on a host."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from core.approvals import Usage
from core.plans import Step


def cooling(step: Step, usage: Usage, cooldown: timedelta, now: datetime) -> Iterator[tuple[str, timedelta]]:
    """The hosts of *step* where its remedy started less than *cooldown* ago, with how long ago (never negative)."""
    for host in step.hosts:
        last = usage.last_runs.get(f"{step.remedy}@{host}")
        if last is not None and now - last < cooldown:
            yield host, max(now - last, timedelta(0))
