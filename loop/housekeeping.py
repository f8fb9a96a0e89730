"""Housekeeping: once an hour, whatever is older or more than the settings say is taken out."""

from __future__ import annotations

import logging
from datetime import timedelta

from loop.context import Context
from loop.schedules import due_time

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
_CLAIMS_KEPT = timedelta(days=2)


class Housekeeping:
    """Prunes the store by the settings' bounds."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def tick(self) -> bool:
        """Prune, unless some process did so in this hour already."""
        if not self._context.store.ticks.claim("prune", due_time(self._context.clock.now(), EVERY)):
            return False
        pruned = {kind: number for kind, number in self.prune().items() if number}
        if pruned:
            log.info("pruned: %s", ", ".join(f"{number} {kind}" for kind, number in pruned.items()))
        return True

    def prune(self) -> dict[str, int]:
        """Prune everything now. Returns how many rows went, by kind. Raises Retryable; what went until then is gone."""
        settings, retention = self._context.settings, self._context.store.retention
        return {
            "events": retention.prune_events(settings.keep_events),
            "detections": retention.prune_detections(settings.keep_events),
            "incidents": retention.prune_incidents(settings.keep_incidents, settings.most_incidents),
            "outcomes": retention.prune_outcomes(settings.keep_outcomes),
            "claims": retention.prune_claims(_CLAIMS_KEPT),
            "journal entries": retention.cut_journal(settings.keep_journal),
        }
