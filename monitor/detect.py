"""Turns samples into conditions, and conditions into detections: what began, what lasts, and what is over.

Border: pure. The caller keeps the conditions, hands them back at the next sweep, and folds detections into incidents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from core.detections import Detection, Signal
from core.errors import BadInput
from core.fleets import Fleet
from core.model import Model, Scalar
from core.samples import Condition, Phase, Sample
from core.symptoms import Symptom
from monitor.probes import PROBE_OK, REACHABLE, measuring
from monitor.provenance import SWEEP
from monitor.thresholds import evaluate, next_phase

AGAIN = timedelta(minutes=5)
"""How often a symptom that lasts is reported again."""


class Assessment(Model):
    """What a sweep came to.

    `conditions` are to be stored: whatever is not clear, and whatever became so just now. `detections` come causes
    first. `cleared` are the signals that were firing and are measured clear; `still_clear` are those that were stored
    as clear before, and are so again.
    """

    conditions: tuple[Condition, ...]
    detections: tuple[Detection, ...]
    cleared: tuple[Signal, ...]
    still_clear: tuple[Signal, ...] = ()


def symptoms_of(fleet: Fleet, catalog_symptoms: Mapping[str, Symptom]) -> dict[str, Symptom]:
    """The symptoms that hold for *fleet*: with its own levels, and without those that it switches off.

    Raises BadInput, naming `fleet.yml` and the key, for a symptom that there is not.
    """
    symptoms = dict(catalog_symptoms)
    for name, override in fleet.file.symptoms.items():
        if name not in symptoms:
            problem = f"no such symptom; there are: {', '.join(sorted(symptoms))}"
            raise BadInput(problem, file=fleet.folder / "fleet.yml", key=f"symptoms.{name}")
        if override == "off":
            del symptoms[name]
        else:
            symptoms[name] = symptoms[name].with_threshold(override)
    return symptoms


def assess(
    fleet: Fleet,
    symptoms: Mapping[str, Symptom],
    samples: Iterable[Sample],
    previous: Mapping[tuple[str, str, str], Condition],
    now: datetime,
) -> Assessment:
    """Judge *samples* by *symptoms*, given the *previous* conditions by (host, symptom, subject).

    A condition without a sample (its host was not reached, its probe failed or was not taken) stays as it was: it
    is not in the answer. What its probe no longer speaks of, though it answered, is gone (an entry that was taken out
    of the inventory, a mount that is no more), and counts as cleared. A detection comes when a condition begins to
    fire, and again every AGAIN while it does.
    """
    by_sample: dict[str, list[Symptom]] = defaultdict(list)
    for symptom in symptoms.values():
        if symptom.sample is not None and symptom.compares:
            by_sample[symptom.sample].append(symptom)
    samples = tuple(samples)
    without_samples = _gone(fleet, symptoms, samples, previous)
    gone = [signal for signal in without_samples if previous[signal].phase is not Phase.CLEAR]
    still_clear = [signal for signal in without_samples if previous[signal].phase is Phase.CLEAR]
    conditions = [previous[signal].evolve(phase=Phase.CLEAR, since=now, at=now) for signal in gone]
    cleared = [signal for signal in gone if previous[signal].phase is Phase.FIRING]
    detections: list[Detection] = []
    for sample in samples:
        for symptom in by_sample.get(sample.name, ()):
            signal = Signal(sample.host, symptom.id, sample.subject)
            before = previous.get(signal)
            was_clear = before is None or before.phase is Phase.CLEAR
            if was_clear and next_phase(symptom, sample, before, now) is Phase.CLEAR:  # as of nearly all samples
                if before is not None:
                    still_clear.append(signal)
                continue
            condition = evaluate(symptom, sample, before, now, fleet=fleet.name)
            if condition.phase is Phase.FIRING and _due(condition, now):
                condition = condition.evolve(reported_at=now)
                detections.append(_detection(fleet, symptom, sample))
            if before is not None and before.phase is Phase.FIRING and condition.phase is Phase.CLEAR:
                cleared.append(signal)
            conditions.append(condition)
    depth = _depths(symptoms)
    detections.sort(key=lambda it: (depth[it.symptom], -it.severity.rank, it.host, it.symptom, it.subject))
    return Assessment(
        conditions=tuple(conditions),
        detections=tuple(detections),
        cleared=tuple(cleared),
        still_clear=tuple(still_clear),
    )


def _gone(
    fleet: Fleet,
    symptoms: Mapping[str, Symptom],
    samples: Iterable[Sample],
    previous: Mapping[tuple[str, str, str], Condition],
) -> list[Signal]:
    """Conditions that nothing will speak of any more: a host or symptom that is gone, or a subject its probe lacks."""
    concerned = {host for host, _, _ in previous}
    told = [sample for sample in samples if sample.host in concerned]
    spoken = {(sample.host, sample.name, sample.subject) for sample in told}
    answered = {(sample.host, sample.subject) for sample in told if sample.name == PROBE_OK and sample.value == 1}
    found = []
    for host, name, subject in previous:
        symptom = symptoms.get(name)
        known = symptom is not None and symptom.sample is not None and fleet.host(host) is not None
        if not known or (
            symptom is not None
            and (host, measuring(fleet, host, symptom.probe, symptom.sample)) in answered
            and symptom.sample not in (REACHABLE, PROBE_OK)
            and (host, symptom.sample, subject) not in spoken
        ):
            found.append(Signal(host, name, subject))
    return found


def _due(condition: Condition, now: datetime) -> bool:
    return condition.reported_at is None or now - condition.reported_at >= AGAIN


def _detection(fleet: Fleet, symptom: Symptom, sample: Sample) -> Detection:
    evidence: dict[str, Scalar] = {"sample": sample.name, "value": sample.value}
    for name, level in (("above", symptom.above), ("below", symptom.below)):
        if level is not None:
            evidence[name] = level
    return Detection(
        fleet=fleet.name,
        host=sample.host,
        symptom=symptom.id,
        subject=sample.subject,
        service=sample.service,
        severity=symptom.severity,
        evidence=evidence | sample.evidence,
        source=SWEEP,
        seen_at=sample.at,
    )


def _depths(symptoms: Mapping[str, Symptom]) -> dict[str, int]:
    """How many symptoms deep each one can be explained: 0 for causes. A circle is cut where it closes."""
    depths: dict[str, int] = {}

    def depth_of(name: str, above: frozenset[str]) -> int:
        if name not in depths:
            causes = [cause for cause in symptoms[name].explained_by if cause in symptoms and cause not in above]
            depths[name] = max((1 + depth_of(cause, above | {name}) for cause in causes), default=0)
        return depths[name]

    for name in symptoms:
        depth_of(name, frozenset({name}))
    return depths
