"""Reads JSON of any shape, by the JMESPath expressions of `sources.yml`."""

from __future__ import annotations

from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from core.alerts import Told
from core.sources import AlertMap, WebhookSource
from monitor.alerts import values
from monitor.alerts.alertmanager import MOST, broken


def problem_in(source: WebhookSource) -> tuple[str, str] | None:
    """(key, problem) of an expression that is none, or None."""
    given: list[tuple[str, str | None]] = [("items", source.items)]
    given += [(f"map.{name}", getattr(source.map, name)) for name in AlertMap.model_fields if name != "evidence"]
    given += [(f"map.evidence.{name}", expression) for name, expression in source.map.evidence.items()]
    for key, expression in given:
        if expression is not None:
            try:
                jmespath.compile(expression)
            except (JMESPathError, ValueError) as error:
                return key, f"it is no JMESPath expression: {values.text(str(error).splitlines()[0], 200)}"
    return None


def read(body: Any, source: WebhookSource) -> list[Told]:
    """The alerts in *body*. An expression that fails makes an alert that says so."""
    found, problem = _ask(source.items, body)
    if problem is not None:
        return [broken("items", f"items: {problem}", body)]
    items = found if isinstance(found, list) else [found]
    told = [item(one, source) for one in items[:MOST]]
    if found is None or not items:
        told = [broken("items", f"items: {source.items} finds nothing in what came", body)]
    if len(items) > MOST:
        told.append(broken("cut", f"{len(items) - MOST} of {len(items)} items are too many for one body", body))
    return told


def item(one: Any, source: WebhookSource) -> Told:
    """One alert of a body."""
    problems: list[str] = []

    def ask(key: str) -> Any:
        expression = getattr(source.map, key)
        if expression is None:
            return None
        found, problem = _ask(expression, one)
        if problem is not None:
            problems.append(f"map.{key}: {problem}")
        return found

    said = {name: values.text(ask(name)) for name in ("fleet", "host", "symptom", "subject", "severity")}
    state, given = ask("firing"), values.text(ask("id"))
    firing = values.is_firing(state)
    if firing is None and not problems:
        problems.append(f"map.firing: {values.text(state, 60)!r} says neither that it is there nor that it is over")
    symptom = said["symptom"]
    evidence: dict[str, str | bool | int | float] = {}
    for name, expression in source.map.evidence.items():
        found, problem = _ask(expression, one)
        if problem is not None:
            problems.append(f"map.evidence.{name}: {problem}")
        elif (said_value := values.fact(found)) is not None:
            evidence[name] = said_value
    name = values.text(ask("name"), 200) or symptom or "unnamed"
    evidence = {"alert": name, **evidence}
    key = given or [said["fleet"], said["host"], symptom, said["subject"]]
    if given is None and not any(key):
        key = [one]
    return Told(
        key=values.key_of(key),
        name=name,
        firing=firing is not False,
        starts_at=values.moment(ask("starts_at")),
        ends_at=None if firing else values.moment(ask("ends_at")),
        facts=values.facts(one),
        fleet=said["fleet"],
        hosts=() if said["host"] is None else (said["host"],),
        symptom=source.symptoms.get(symptom or "", symptom),
        subject=said["subject"],
        severity=said["severity"],
        evidence=evidence,
        problem=problems[0] if problems else None,
        raw=one,
    )


def _ask(expression: str, data: Any) -> tuple[Any, str | None]:
    """What *expression* finds in *data*; or None, and the problem in words."""
    try:
        return jmespath.search(expression, data), None
    except Exception as error:  # noqa: BLE001 - the border to a library that meets hostile data: whatever it is, people see it
        words = values.text(str(error).splitlines()[0] if str(error) else "", 150)
        return None, f"the expression failed ({type(error).__name__}{': ' + words if words else ''})"
