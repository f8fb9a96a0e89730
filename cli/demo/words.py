"""How the demo puts into words what the loop keeps as values."""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.model import Scalar
from core.outcomes import Lesson

_NOT_TOLD = frozenset({"sample", "value", "above", "below", "command_digest", "started"})
_SHARES = frozenset({"process.cpu", "process.memory", "folder.used"})
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
_SHOWN = 12


def evidence_in_words(evidence: Mapping[str, Scalar]) -> str:
    """`process.cpu is 98% (alarm above 30%); pid 4711, command …`, with digests cut."""
    sample = str(evidence.get("sample", ""))
    level = next(
        (f" (alarm {way} {_level(sample, evidence[way])})" for way in ("above", "below") if way in evidence), ""
    )
    said = [f"{sample} is {_level(sample, evidence.get('value', ''))}{level}"] if sample else []
    facts = [
        f"{name.replace('_', ' ')} {_fact(name, value)}" for name, value in evidence.items() if name not in _NOT_TOLD
    ]
    return "; ".join([*said, ", ".join(facts)] if facts else said)


def lesson_in_words(lesson: Lesson) -> str:
    """`service_restart healed service_down 1 of 1 times in demo, within 2.1 s of its run`."""
    where = "over all fleets" if lesson.fleet is None else f"in {lesson.fleet}"
    speed = lesson.median_heal_seconds
    fast = "" if speed is None else f", within {speed:.1f} s of its run"
    return f"{lesson.remedy} healed {lesson.symptom} {lesson.healed} of {lesson.tried} times {where}{fast}"


def rounded(seconds: float) -> float:
    """Seconds to two places."""
    return round(seconds, 2)


def shortened(text: str) -> str:
    """*text* with its digests cut: `b9cb0681c855…` is enough for people."""
    return _DIGEST.sub(lambda found: f"{found[0][:_SHOWN]}…", text)


def _level(sample: str, value: Scalar) -> str:
    if isinstance(value, str | bool):
        return str(value)
    return f"{value:.0%}" if sample in _SHARES else f"{value:g}"


def _fact(name: str, value: Scalar) -> str:
    if name in ("bytes", "budget") and isinstance(value, int):
        return f"{value / 1024**2:.1f} MB"
    return shortened(str(value))
