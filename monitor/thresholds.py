"""Judges one sample by one symptom: clear, pending or firing. Pure; the whole of what `for` and `clear` mean is here.

A symptom begins when its sample is beyond `above` or `below`, and has been for `for`. It ends only when the sample is
back at `clear` (by default the level itself), so that a value that trembles around the level does not flap.
"""

from __future__ import annotations

import math
from datetime import datetime

from core.samples import Condition, Phase, Sample, SignalState
from core.symptoms import Symptom


def evaluate(symptom: Symptom, sample: Sample, previous: Condition | None, now: datetime, *, fleet: str) -> Condition:
    """The condition of *symptom* after *sample*, given the *previous* one.

    A value that can't be compared with the symptom's level (a text with a number, NaN) leaves the phase as it was.
    """
    was = previous.phase if previous else Phase.CLEAR
    phase = next_phase(symptom, sample, previous, now)
    return Condition(
        fleet=fleet,
        host=sample.host,
        symptom=symptom.id,
        subject=sample.subject,
        phase=phase,
        since=previous.since if previous and phase is was else now,
        value=sample.value,
        at=sample.at,
        reported_at=previous.reported_at if previous and phase is was is Phase.FIRING else None,
        service=sample.service,
        evidence=sample.evidence,
    )


def raw_state(symptom: Symptom, sample: Sample, currently_firing: bool) -> SignalState:
    """What *sample* says by itself, for verification: `for` does not count here, `clear` does while it is firing."""
    beyond = _beyond(symptom, sample.value, currently_firing)
    if beyond is None:
        return SignalState.UNKNOWN
    return SignalState.FIRING if beyond else SignalState.CLEAR


def next_phase(symptom: Symptom, sample: Sample, previous: Condition | None, now: datetime) -> Phase:
    """The phase alone of what `evaluate` answers."""
    was = previous.phase if previous else Phase.CLEAR
    beyond = _beyond(symptom, sample.value, was is Phase.FIRING)
    if beyond is None:
        return was
    if not beyond:
        return Phase.CLEAR
    if was is Phase.FIRING:
        return Phase.FIRING
    began = previous.since if previous and was is Phase.PENDING else now
    return Phase.FIRING if now - began >= symptom.for_ else Phase.PENDING


def _beyond(symptom: Symptom, value: float | str, firing: bool) -> bool | None:
    """True if *value* is on the wrong side; None if the two can't be compared."""
    if symptom.is_in is not None:
        return _text(value) in symptom.is_in
    if symptom.not_in is not None:
        return _text(value) not in symptom.not_in
    if isinstance(value, str) or math.isnan(value):
        return None
    easier = firing and symptom.clear is not None
    if symptom.above is not None:
        return value > (symptom.clear if easier and symptom.clear is not None else symptom.above)
    if symptom.below is not None:
        return value < (symptom.clear if easier and symptom.clear is not None else symptom.below)
    return None


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
