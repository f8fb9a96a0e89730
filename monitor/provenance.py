"""Who says that something is wrong: the affected host itself, or somebody who sees it from outside?

A host that was broken into, or that is merely confused, can make its own probes say anything.
"""

from __future__ import annotations

from core.symptoms import Symptom
from monitor.probes import FROM_CONTROLLER

SWEEP = "sweep"
"""The source of detections that a sweep made (see `Detection.source`)."""


def from_outside(source: str, symptom: Symptom | None) -> bool:
    """True if a detection by *source* rests on more than the word of the host that it is about."""
    if source != SWEEP:
        return True
    return symptom is not None and symptom.probe in FROM_CONTROLLER
