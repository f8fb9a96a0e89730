"""One incident, told in the order of the loop: detected, planned, decided, run, verified, learnt, and the journal."""

from __future__ import annotations

from typing import Any

from cli.page import Page
from cli.times import between, clock_time, moment, seconds

Json = dict[str, Any]
_MOST_DETECTIONS = 5


def account(page: Page, incident: Json, lessons: list[Json]) -> None:
    """Print everything about *incident* (the answer of `GET /incidents/{id}`); *lessons* are those of its symptom."""
    page.line(incident["title"])
    page.fields(
        [
            ("incident", incident["id"]),
            ("state", incident["state"]),
            ("why", incident["reason"]),
            ("fleet", incident["fleet"]),
            ("severity", incident["severity"]),
            ("ended", moment(incident["ended_at"]) if incident["ended_at"] else None),
            ("looks again", moment(incident["due_at"]) if incident["due_at"] else None),
        ]
    )
    _detected(page, incident)
    for plan in incident["plans"]:
        show_plan(page, plan)
        _decided(page, plan["approvals"])
        for run in (run for run in incident["runs"] if run["plan_id"] == plan["id"]):
            _ran(page, run)
        for outcome in (outcome for outcome in incident["outcomes"] if outcome["plan_id"] == plan["id"]):
            _verified(page, outcome)
            _learnt(page, outcome, lessons)
    page.line()
    page.line("Journal")
    for entry in incident["journal"]:
        page.line(" ", clock_time(entry["at"]), entry["kind"], "by", entry["actor"] + ":", facts(entry["body"]))


def show_plan(page: Page, plan: Json) -> None:
    """Print one plan with its reasons and alternatives."""
    page.line()
    page.line(f"Planned, plan {plan['number']}, {moment(plan['created_at'])}:", plan["title"])
    page.fields(
        [
            ("chosen by", f"{plan['proposer']}, confidence {plan['confidence']:.2f}"),
            ("risk", plan["risk"]),
            *(("why" if number == 0 else "", reason) for number, reason in enumerate(plan["reasons"])),
            *(("else", _alternative(one)) for one in plan["alternatives"]),
            ("hash", plan["hash"]),
        ]
    )


def facts(body: Json) -> str:
    """`name=value …` of a flat mapping; lists are joined."""
    shown = ((name, ", ".join(map(str, value)) if isinstance(value, list) else value) for name, value in body.items())
    return " ".join(f"{name}={value}" for name, value in shown if value not in (None, ""))


def results(run: Json) -> str:
    """What Ansible counted, host by host: `demo1: 5 ok, 1 changed`."""
    words = []
    for host, counts in run["results"].items():
        counted = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        words.append(f"{host}: {counted or 'nothing done'}")
    return "; ".join(words)


def _detected(page: Page, incident: Json) -> None:
    page.line()
    request = incident["request"]
    if request is not None:
        wish = request["text"] or " ".join([request["remedy"], facts(request["parameters"])])
        page.line(f"Asked for by {request['by']}, {moment(incident['opened_at'])}:", wish)
        page.fields([("undoes", request["undoes"])])
        return
    page.line(f"Detected {moment(incident['opened_at'])}, {incident['detections']} times in all")
    page.fields([("evidence", facts(incident["evidence"]))])
    for one in incident["detections_list"][-_MOST_DETECTIONS:]:
        what = " ".join(part for part in (one["symptom"], one["subject"]) if part)
        page.line(" ", clock_time(one["seen_at"]), what, "seen by", one["source"])


def _decided(page: Page, approvals: list[Json]) -> None:
    for approval in approvals:
        said = "approved" if approval["answer"] == "approve" else "rejected"
        page.line(f"Decided: {said} by {approval['by']}, {moment(approval['at'])}", "; ".join(approval["reasons"]))


def _ran(page: Page, run: Json) -> None:
    took = between(run["started_at"], run["ended_at"])
    page.line(f"Ran {run['remedy']} ({run['id']}): {run['status']}, {moment(run['started_at'])}, took {took}")
    page.fields([("results", results(run)), ("problem", run["problem"]), ("cancelled by", run["cancelled_by"])])


def _verified(page: Page, outcome: Json) -> None:
    page.line(f"Verified: {outcome['verdict']}, {outcome['reason']}")
    took = ("detect_seconds", "to the plan"), ("run_seconds", "running"), ("heal_seconds", "to the first clear look")
    page.fields([("took", ", ".join(f"{seconds(outcome[name])} {words}" for name, words in took))])


def _learnt(page: Page, outcome: Json, lessons: list[Json]) -> None:
    for lesson in lessons:
        if lesson["remedy"] == outcome["remedy"] and lesson["fleet"] == outcome["fleet"]:
            often = f"{lesson['healed']} of {lesson['tried']} times"
            page.line(f"Learnt: {lesson['remedy']} healed {lesson['symptom']} in {lesson['fleet']} {often}")


def _alternative(one: Json) -> str:
    step = one["step"]
    words = (step["remedy"], facts(step["parameters"]), "on", ", ".join(step["hosts"]))
    title = " ".join(word for word in words if word)
    return f"{title} (confidence {one['confidence']:.2f}): {one['reason']}"
