"""The verdict on a fix: it must be measured clear, and stay clear through probation (law 8).

Until the deadline (`within` after the run) nothing is held against a fix: slow starters get their grace. A symptom that
is clear may go on holding beyond the deadline; whatever is not clear then is judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.detections import Signal
from core.durations import format_duration
from core.fleets import VerifyOverride
from core.outcomes import Verdict, Verification
from core.remedies import VerifySettings
from core.samples import SignalState

_SHORTEST_POLL = timedelta(seconds=1)
_LONGEST_POLL = timedelta(seconds=5)
_LOOKS_WITHIN = 10


@dataclass(frozen=True)
class Look:
    """One look at an incident. Either there is a `verdict`, or `next_at` says when to look again."""

    verification: Verification
    verdict: Verdict | None
    reason: str
    next_at: datetime | None


def begin(
    incident_id: str,
    plan_id: str,
    settings: Sequence[VerifySettings],
    override: VerifyOverride,
    now: datetime,
    lag: timedelta = timedelta(0),
) -> Verification:
    """Start verifying at the end of the run. *settings* are those of the plan's remedies; the longest counts.

    A fleet's *override* takes the place of both. *lag* is how far behind an alert may be that has to be over.
    """
    settings = settings or (VerifySettings(),)
    within = override.within if override.within is not None else max(one.within for one in settings)
    hold = override.hold if override.hold is not None else max(one.hold for one in settings)
    return Verification(
        incident_id=incident_id,
        plan_id=plan_id,
        began_at=now,
        deadline=now + within + lag,
        hold_seconds=hold.total_seconds(),
    )


def look(
    verification: Verification, states: Mapping[Signal, SignalState], new_trouble: Sequence[str], now: datetime
) -> Look:
    """Judge one fresh measurement: *states* of every signal of the incident, and in words what is wrong since the run.

    A signal that could not be measured ends a clear stretch, as a firing one does.
    """
    if not states:
        return Look(_note(verification, "nothing to measure"), Verdict.UNKNOWN, "nothing to measure", None)
    found = _in_words(states)
    if all(state is SignalState.CLEAR for state in states.values()):
        return _clear(verification, now)
    fires = SignalState.FIRING in states.values()
    seen = verification.evolve(clear_since=None, checks=verification.checks + fires, last=found)
    if now < verification.deadline:
        return Look(seen, None, found, min(now + poll(verification), verification.deadline))
    if new_trouble:
        return Look(seen, Verdict.WORSE, f"{found}, and since the run: {', '.join(new_trouble)}", None)
    within = format_duration(verification.deadline - verification.began_at)
    if seen.checks:
        return Look(seen, Verdict.NOT_HEALED, f"{found}; it had {within} to clear", None)
    return Look(seen, Verdict.UNKNOWN, f"{found}, and never was in {within}", None)


def poll(verification: Verification) -> timedelta:
    """The time between two looks: a tenth of `within`, between one second and five."""
    within = verification.deadline - verification.began_at
    return max(_SHORTEST_POLL, min(_LONGEST_POLL, within / _LOOKS_WITHIN))


def _clear(verification: Verification, now: datetime) -> Look:
    since = verification.clear_since or now
    hold = timedelta(seconds=verification.hold_seconds)
    holds = now - since
    words = f"clear for {_seconds(holds)} of {_seconds(hold)}"
    seen = verification.evolve(clear_since=since, checks=verification.checks + 1, last=words)
    if holds >= hold:
        return Look(seen, Verdict.HEALED, f"measured clear, and stayed so for {_seconds(holds)}", None)
    return Look(seen, None, words, min(now + poll(verification), since + hold))


def _note(verification: Verification, words: str) -> Verification:
    return verification.evolve(last=words)


def _in_words(states: Mapping[Signal, SignalState]) -> str:
    """The signals that are not clear: `service_down web on demo1 still fires`."""
    firing = [_name(signal) for signal, state in states.items() if state is SignalState.FIRING]
    if firing:
        return f"{', '.join(firing)} still fires"
    unknown = [_name(signal) for signal, state in states.items() if state is SignalState.UNKNOWN]
    return f"{', '.join(unknown)} could not be measured"


def _name(signal: Signal) -> str:
    return " ".join(part for part in (signal.symptom, signal.subject, "on", signal.host) if part)


def _seconds(time: timedelta) -> str:
    return format_duration(timedelta(seconds=round(time.total_seconds(), 1)))
