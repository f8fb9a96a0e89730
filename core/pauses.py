"""The pause switch, as a value."""

from __future__ import annotations

from core.model import Model, Time

EVERY_FLEET = "*"
"""The scope of a pause that holds for every fleet."""


class Pause(Model):
    """Nothing starts in `scope` (a fleet, or `*`) until somebody resumes it."""

    scope: str
    by: str
    reason: str
    at: Time

    def holds_for(self, fleet: str) -> bool:
        """True if nothing may start in *fleet*."""
        return self.scope in (EVERY_FLEET, fleet)
