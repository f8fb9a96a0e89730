"""Reads what a host printed. This is the border to everything hostile: what passes here is typed, bounded and clean.

Whatever is wrong with an answer becomes `probe.ok` 0 for its probe; nothing raises. Which host an answer speaks for is
known from whom it was asked, which service a subject belongs to from the inventory: no line is believed about either.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.model import Scalar
from core.samples import Reading, Sample
from monitor.probes import ON_HOST, PROBE_OK, RESERVED
from monitor.programs import Program

MARK = "fleetmend:"
LARGEST = 1_000_000
"""Characters of one host's output that are read."""
MOST = 2_000
"""Samples that are taken from one host's output."""
_NAME = re.compile(r"[a-z][a-z0-9_.]{0,62}")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")
_UNFIT = re.compile(r"[^A-Za-z0-9_./@:\-]")
_LARGEST_INT = 2**63


class _Unfit(Exception):
    """An item that is no sample; the message says why, in our words."""


def read(reading: Reading, program: Program, at: datetime) -> tuple[Sample, ...]:
    """The samples in *reading*, and a `probe.ok` for each probe of *program*; none if the host was not reached."""
    if not reading.reachable:
        return ()
    answers, broken = _answers(reading.output, program.carried)
    samples: dict[tuple[str, str], Sample] = {}
    oks = []
    for probe in program.probes:
        problems = list(program.problems.get(probe, ()))
        if probe in answers:
            problems += _take(answers[probe], probe, program, at, samples)
        elif probe in program.carried:
            problems.append(_silence(reading, broken))
        oks.append(ok_sample(program.host, probe, tuple(problems), at))
    return (*samples.values(), *oks)


def ok_sample(host: str, probe: str, problems: tuple[str, ...], at: datetime) -> Sample:
    """The `probe.ok` of *probe* on *host*: 1 without *problems*, else 0 and the first of them as evidence."""
    evidence: dict[str, Scalar] = {}
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        evidence = {"error": clean(problems[0], 450) + more, "problems": len(problems)}
    return Sample(host=host, name=PROBE_OK, subject=probe, value=float(not problems), at=at, evidence=evidence)


def clean(text: object, length: int = 500) -> str:
    """*text* on one line without control, format or unpaired characters, and no longer than *length*."""
    spaced = " ".join(str(text)[: 4 * length].split())
    if spaced.isprintable():
        return spaced[:length]
    return "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))[:length]


def _answers(output: str, carried: frozenset[str]) -> tuple[dict[str, list[Any]], bool]:
    """Probe -> the items that it printed (the first answer counts), and whether anything marked was unreadable."""
    answers: dict[str, list[Any]] = {}
    broken = len(output) > LARGEST
    for line in output[:LARGEST].split("\n"):
        if not line.startswith(MARK):
            continue
        try:
            answer = json.loads(line[len(MARK) :])
        except (ValueError, RecursionError):
            broken = True
            continue
        probe, items = (answer.get("probe"), answer.get("items")) if isinstance(answer, dict) else (None, None)
        if isinstance(probe, str) and isinstance(items, list) and probe in carried and probe not in answers:
            answers[probe] = items
        else:
            broken = True
    return answers, broken


def _silence(reading: Reading, broken: bool) -> str:
    if broken:
        return "the host's answer is not readable or too long"
    return f"the host gave no answer: {clean(reading.problem)}" if reading.problem else "the host gave no answer"


def _take(
    items: list[Any], probe: str, program: Program, at: datetime, samples: dict[tuple[str, str], Sample]
) -> list[str]:
    """Add what is fit of *items* to *samples*; return what is not, one line each."""
    problems = []
    seen = set()
    for item in items:
        if isinstance(item, dict) and isinstance(item.get("problem"), str):
            problems.append(clean(item["problem"], 300) or "it could not measure everything")
            continue
        if len(samples) >= MOST:
            problems.append(f"the host gave more than {MOST} samples")
            break
        try:
            sample = _sample(item, probe, program, at)
            if (sample.name, sample.subject) in samples:
                raise _Unfit(f"{sample.name} {sample.subject} came twice")
        except _Unfit as unfit:
            problems.append(str(unfit))
            continue
        samples[sample.name, sample.subject] = sample
        seen.add(sample.subject)
    if not problems:
        problems = [f"no answer about {subject}" for subject in program.subjects.get(probe, {}) if subject not in seen]
    return problems


def _sample(item: Any, probe: str, program: Program, at: datetime) -> Sample:
    if not isinstance(item, dict):
        raise _Unfit("an item is no sample")
    name, subject = item.get("name"), item.get("subject", "")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _Unfit("a sample's name does not fit: lower case, digits, _ and . only")
    if (name not in ON_HOST[probe].samples) if probe in ON_HOST else (name in RESERVED):
        raise _Unfit(f"{name} is not for this probe to measure")
    if not isinstance(subject, str):
        raise _Unfit(f"the subject of {name} is no text")
    subject = _UNFIT.sub("_", subject)[:200]
    known = program.subjects.get(probe)
    if known is not None and subject not in known:
        raise _Unfit(f"{name} speaks of a subject that is not in the inventory")
    value = _value(item.get("value"), name, numeric=probe in ON_HOST)
    evidence = _evidence(item.get("evidence") or {}, name)
    service = known[subject] if known else None
    return Sample(host=program.host, name=name, subject=subject, value=value, at=at, service=service, evidence=evidence)


def _value(value: Any, name: str, *, numeric: bool) -> float | str:
    if isinstance(value, str) and not numeric:
        return clean(value, 200)
    if not isinstance(value, int | float) or not _finite(value):
        raise _Unfit(f"the value of {name} is no {'' if numeric else 'text and no '}finite number")
    return float(value)


def _finite(value: float) -> bool:
    return abs(value) < _LARGEST_INT if isinstance(value, int) else math.isfinite(value)


def _evidence(evidence: Any, name: str) -> dict[str, Scalar]:
    if not isinstance(evidence, Mapping) or len(evidence) > 40:
        raise _Unfit(f"the evidence of {name} is no mapping of at most 40 facts")
    taken: dict[str, Scalar] = {}
    for key, fact in evidence.items():
        if not _KEY.fullmatch(key):
            raise _Unfit(f"a key in the evidence of {name} does not fit: lower case, digits and _ only")
        if isinstance(fact, str):
            taken[key] = clean(fact)
        elif isinstance(fact, bool | int | float) and _finite(fact):
            taken[key] = fact
        else:
            raise _Unfit(f"{key} in the evidence of {name} is neither text nor a finite number")
    return taken
