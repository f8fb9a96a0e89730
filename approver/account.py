"""The account of an incident in plain words: what the journal's entries say to somebody who was not there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from core.incidents import REQUESTED
from core.journal import Entry
from core.people import OWNER
from core.states import State

Body = dict[str, Any]
VERDICT = "outcome.recorded"
_PERSON = re.compile(r"\bperson:(?=[A-Za-z0-9])")


def told(entry: Entry) -> str | None:
    """One entry in one line, or None for what only repeats others or moves nothing."""
    words = _WORDS.get(entry.kind)
    said = None if words is None else words(entry.actor, entry.body)
    return None if said is None else names(said)


def names(words: str) -> str:
    """*words* with people called by their names alone."""
    return _PERSON.sub("", words)


def who(actor: str) -> str:
    """`ada` for `person:ada`; everybody else by his own name."""
    return actor.removeprefix("person:")


def _opened(actor: str, body: Body) -> str:
    title = str(body.get("title"))
    if title.startswith(REQUESTED):
        return f"Asked for by {who(actor)}"
    return f"Detected: {title}, {body.get('severity')} (by {who(actor)})"


def _planned(actor: str, body: Body) -> str:
    why = str((body.get("reasons") or [""])[-1])
    if why.startswith(("narrowed to", "changed by")):
        return f"New plan: {body.get('title')} ({why})"
    return f"Planned by {who(actor)}: {body.get('title')}" + (f". Why: {why}" if why else "")


def _approved(actor: str, body: Body) -> str:
    yes = "Approved" if body.get("answer") == "approve" else "Rejected"
    by = "the policy" if actor == "policy" else who(actor)
    reasons = "; ".join(map(str, body.get("reasons") or []))
    via = str(body.get("via") or OWNER)
    way = "" if via == OWNER or actor == "policy" else f" (by {via.partition(':')[0]})"
    return f"{yes} by {by}{way}" + (f": {reasons}" if reasons else "")


def _began(_actor: str, body: Body) -> str:
    hosts = ", ".join(map(str, body.get("hosts") or []))
    return f"Run began: {body.get('remedy')}" + (f" on {hosts}" if hosts else "")


def _ended(_actor: str, body: Body) -> str:
    problem = body.get("problem")
    return f"Run ended: {body.get('status')}" + (f". {problem}" if problem else "")


def _verdict(_actor: str, body: Body) -> str:
    return f"Verdict: {str(body.get('verdict')).replace('_', ' ')}. {body.get('reason')}"


def _moved(_actor: str, body: Body) -> str | None:
    said = _STATES.get(State(str(body.get("to"))))
    return None if said is None else f"{said}: {body.get('reason')}"


_STATES = {
    State.AWAITING_APPROVAL: "Asked people",
    State.ESCALATED: "Escalated, people take over",
    State.EXPIRED: "Expired",
    State.RESOLVED: "Resolved",
    State.CLOSED: "Closed",
}
"""The rest is told by what led there: a plan, an approval, a run."""

_WORDS: dict[str, Callable[[str, Body], str | None]] = {
    "incident.opened": _opened,
    "incident.state": _moved,
    "plan.made": _planned,
    "approval.given": _approved,
    "approval.void": lambda _actor, body: f"The approval is void: {body.get('reason')}",
    "ask.snoozed": lambda _actor, body: str(body.get("reason")).capitalize(),
    "ask.renewed": lambda _actor, body: f"Nobody answered yet: {body.get('reason')}",
    "run.began": _began,
    "run.ended": _ended,
    "run.cancel_asked": lambda actor, _body: f"{who(actor)} wants the run stopped",
    VERDICT: _verdict,
}
