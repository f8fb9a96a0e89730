"""Reads Alertmanager's webhook, version 4, as it is: groups of alerts, firing and resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.alerts import Told
from core.sources import IGNORE, AlertmanagerSource, NamedAlert
from monitor.alerts import names, values

MOST = 20_000
"""Alerts that are taken out of one body. What is more is told as one that could not be read."""
_ANNOTATIONS = ("summary", "description", "message", "runbook_url")


def read(body: Any, source: AlertmanagerSource) -> list[Told]:
    """The alerts in *body*. What does not look as it should is among them, with its problem."""
    alerts = body.get("alerts") if isinstance(body, Mapping) else None
    if not isinstance(alerts, list):
        return [broken("shape", "it is no webhook of Alertmanager: there is no list `alerts` in it", body)]
    told = [item(one, source) for one in alerts[:MOST]]
    cut = max(0, len(alerts) - MOST)
    said = body.get("truncatedAlerts")
    if isinstance(said, int) and not isinstance(said, bool) and said > 0:
        cut += said
    if cut:
        group = values.text(body.get("groupKey")) or ""
        told.append(broken(f"cut:{group}", f"{min(cut, 10**9)} alerts of the group were cut off (max_alerts)", body))
    return told


def broken(key: str, problem: str, body: Any) -> Told:
    """An alert that says only that something could not be read."""
    facts = values.facts(body) if isinstance(body, Mapping) else {}
    return Told(values.key_of("broken", key), "unreadable", True, None, None, facts, problem=problem)


def item(alert: Any, source: AlertmanagerSource) -> Told:
    """One alert of a body."""
    labels = alert.get("labels") if isinstance(alert, Mapping) else None
    if not isinstance(alert, Mapping) or not isinstance(labels, Mapping):
        return broken(values.key_of(values.text(alert)), "an alert without labels", alert)
    name = values.text(labels.get("alertname"), 200) or "unnamed"
    given = values.text(alert.get("fingerprint"), 100)
    key = values.key_of(given) if given else values.key_of(dict(labels))
    firing = values.is_firing(alert.get("status"))
    facts = values.facts(labels)
    wanted = source.labels
    meaning = source.alerts.get(name) or names.shipped().get(name)
    symptom, subject, problem = _meaning(meaning, facts)
    symptom = symptom or _first(facts, wanted.symptom)
    said = None if not isinstance(meaning, NamedAlert) or meaning.severity is None else meaning.severity.value
    if firing is None:
        problem = f"its status is {values.text(alert.get('status'), 60)!r}, neither firing nor resolved"
    return Told(
        key=key,
        name=name,
        firing=firing is not False,
        starts_at=values.moment(alert.get("startsAt")),
        ends_at=None if firing else values.moment(alert.get("endsAt")),
        facts=facts,
        fleet=_first(facts, wanted.fleet),
        hosts=tuple(facts[label] for label in wanted.host if label in facts),
        symptom=symptom,
        subject=_first(facts, wanted.subject) or subject,
        severity=said or _first(facts, wanted.severity),
        evidence=_evidence(name, alert),
        problem=problem,
        raw=alert,
    )


def _meaning(
    meaning: NamedAlert | names.ShippedAlert | str | None, facts: Mapping[str, str]
) -> tuple[str | None, str | None, str | None]:
    """(symptom, subject, problem) that the name of an alert stands for."""
    if meaning is None:
        return None, None, None
    if isinstance(meaning, str):
        return IGNORE, None, None
    if isinstance(meaning, names.ShippedAlert) and not meaning.fits(facts):
        return None, None, "a target of some job is down, which need not be the host: map it in sources.yml"
    if meaning.subject is not None:
        return meaning.symptom, facts.get(meaning.subject), None
    return meaning.symptom, _first(facts, names.SUBJECT_LABELS.get(meaning.symptom, ())), None


def _first(facts: Mapping[str, str], labels: Iterable[str]) -> str | None:
    return next((facts[label] for label in labels if facts.get(label)), None)


def _evidence(name: str, alert: Mapping[str, Any]) -> dict[str, str | bool | int | float]:
    evidence: dict[str, str | bool | int | float] = {"alert": name}
    annotations = alert.get("annotations")
    if isinstance(annotations, Mapping):
        for key in _ANNOTATIONS:
            if (said := values.text(annotations.get(key), 500)) is not None:
                evidence[key] = said
    given = alert.get("values")  # Grafana's
    if isinstance(given, Mapping):
        for key, value in list(given.items())[:5]:
            if (said_value := values.fact(value)) is not None:
                evidence[values.evidence_key(f"value_{key}")] = said_value
    if (url := values.text(alert.get("generatorURL"), 500)) is not None:
        evidence["generator_url"] = url
    return evidence
