"""The closed list of log signatures, and what a sweep found of them: a line counts for a while after it was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from core.durations import Duration
from core.model import Model, Name
from core.samples import Sample
from core.yaml_files import YamlFile

Cursors = Mapping[tuple[str, str], Mapping[str, Any]]
"""(host, key of the log) -> {"position": where it was read to, "recent": {signature: [[time, lines], …]}}"""
POSITION = "log.position"
_FILE = Path(__file__).parent / "signatures.yml"
_MOST_RECENT = 200


class Signature(Model):
    """What is looked for. `holds`: how long a line counts."""

    pattern: str = Field(min_length=3, max_length=300)
    holds: Duration


@cache
def signatures() -> Mapping[Name, Signature]:
    """Every signature, by name."""
    yaml = YamlFile.read(_FILE)
    return {name: yaml.as_model(Signature, at=(name,)) for name in yaml.data}


def samples_of() -> str:
    """The names of all samples, parted by spaces."""
    return " ".join([*(f"log.{name}" for name in signatures()), POSITION])


def patterns() -> dict[str, str]:
    """Signature -> pattern, as they travel to hosts."""
    return {name: one.pattern for name, one in signatures().items()}


def counted(samples: Iterable[Sample], before: Cursors, now: datetime) -> list[Sample]:
    """The same, with the lines that still count from earlier on; `lines` is what was read just now."""
    found = []
    for sample in samples:
        signature = signatures().get(sample.name.removeprefix("log."))
        if signature is None or not isinstance(sample.value, float):
            found.append(sample)
            continue
        name = sample.name.removeprefix("log.")
        earlier = _recent(before.get((sample.host, sample.subject), {}), name, signature.holds, now)
        whole = sample.value + sum(lines for _, lines in earlier)
        minutes = signature.holds.total_seconds() / 60
        evidence = sample.evidence | {"lines": int(sample.value), "minutes": minutes}
        found.append(sample.evolve(value=whole, evidence=evidence))
    return found


def moved(samples: Iterable[Sample], before: Cursors, now: datetime) -> dict[tuple[str, str], dict[str, Any]]:
    """What the cursors are once *samples* (as `counted` made them) are stored."""
    samples = list(samples)
    cursors: dict[tuple[str, str], dict[str, Any]] = {}
    for sample in samples:
        if sample.name == POSITION:
            cursors[sample.host, sample.subject] = {"position": dict(sample.evidence), "recent": {}}
    for sample in samples:
        name = sample.name.removeprefix("log.")
        cursor, signature = cursors.get((sample.host, sample.subject)), signatures().get(name)
        if cursor is None or signature is None:
            continue
        recent = _recent(before.get((sample.host, sample.subject), {}), name, signature.holds, now)
        lines = sample.evidence.get("lines")
        if isinstance(lines, int) and lines > 0:
            recent.append([now.isoformat(), lines])
        if recent:
            cursor["recent"][name] = recent[-_MOST_RECENT:]
    return cursors


def _recent(cursor: Mapping[str, Any], name: str, holds: timedelta, now: datetime) -> list[list[Any]]:
    known = cursor.get("recent", {}).get(name, [])
    return [pair for pair in known if timedelta(0) <= now - datetime.fromisoformat(pair[0]) < holds]
