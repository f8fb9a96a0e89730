"""`fleetmend_auth`: who tries to come in."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from core.durations import Duration
from monitor.entries.fields import AbsolutePath, Place, Watched


class AuthEntry(Watched):
    """One of `fleetmend_auth`: where sshd logs, and over which time failed logins are counted."""

    window: Annotated[Duration, Field(ge=timedelta(seconds=10), le=timedelta(hours=1))] = timedelta(minutes=2)
    log: AbsolutePath | None = None
    """None: the journal."""

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        return {"window": self.window.total_seconds(), "log": self.log}
