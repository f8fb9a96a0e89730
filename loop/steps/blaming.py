"""PLAN: a dependency that is down takes the blame for the symptoms of what depends on it."""

from __future__ import annotations

from core.incidents import Incident
from core.severity import Severity
from fleets.dependencies import dependencies_of
from loop.work import Work


def blamed(work: Work) -> Incident | None:
    """A live, critical incident of something that the incident's host depends on. One that people have in hand, too."""
    incident, live_on = work.incident, work.context.store.incidents.live_on
    if incident.request is not None:
        return None
    for needed in dependencies_of(work.fleet, incident.host):
        for other in live_on(incident.fleet, needed.host):
            down = other.severity is Severity.CRITICAL and other.request is None
            if down and needed.service in (None, other.service):
                return other
    return None
