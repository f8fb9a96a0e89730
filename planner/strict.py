"""The strict check of what a model answered: law 1 in code. What does not fit is refused, however it is worded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import Refused
from core.incidents import Incident
from core.model import Scalar
from core.plans import Step
from planner.candidate import Candidate, make_candidate
from planner.filling import checked_step

ABSTAIN = "abstain"
"""The answer in place of a remedy id."""
LONGEST_REASON = 300

_LONGEST_QUOTE = 60


def read_choice(
    answer: Mapping[str, Any], shown: Sequence[Candidate], incident: Incident
) -> tuple[Candidate | None, str]:
    """Return the candidate that *answer* names, on the hosts it names, and its reason; None for an abstention.

    Raises Refused for an unknown field, a remedy that was not shown, or a host that is out of scope.
    """
    several_hosts = len({host for candidate in shown for host in candidate.host_names}) > 1
    _only_fields(answer, {"remedy", "reason", *(["hosts"] if several_hosts else [])})
    chosen, reason = answer.get("remedy"), one_line(answer.get("reason", ""), LONGEST_REASON)
    if chosen == ABSTAIN:
        return None, reason
    candidate = next((candidate for candidate in shown if candidate.id == chosen), None)
    if candidate is None:
        raise Refused(f"the model chose {_quoted(chosen)}, which is not among the remedies that it was shown")
    if not several_hosts:
        return candidate, reason
    return _on_hosts(candidate, answer.get("hosts"), incident), reason


def read_parameters(answer: Mapping[str, Any], candidate: Candidate, incident: Incident) -> Step:
    """Return the step that *answer* completes. Raises Refused for an invented parameter or an unfit value."""
    _only_fields(answer, set(candidate.free))
    values: dict[str, Scalar] = dict(candidate.fixed)
    for name, value in answer.items():
        if not isinstance(value, str | bool | int | float):
            raise Refused(f"the model gave {name} a value that is no scalar")
        values[name] = value
    return checked_step(candidate, incident, values)


def one_line(text: object, longest: int) -> str:
    """*text* without control characters and line breaks, cut to *longest* characters."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split()) if isinstance(text, str) else ""
    return words if len(words) <= longest else words[: longest - 1] + "…"


def _on_hosts(candidate: Candidate, named: object, incident: Incident) -> Candidate:
    if not isinstance(named, list) or not named or not all(isinstance(name, str) for name in named):
        raise Refused("the model named no hosts, or not as a list of names")
    outside = sorted(set(named) - set(candidate.host_names))
    if outside:
        raise Refused(f"the model named {_quoted(outside[0])}, a host outside the incident's scope for {candidate.id}")
    hosts = [host for host in candidate.hosts if host.name in named]
    if len(hosts) == len(candidate.hosts):
        return candidate
    return make_candidate(candidate.remedy, hosts, incident.evidence, candidate.lesson)


def _only_fields(answer: Mapping[str, Any], allowed: set[str]) -> None:
    unknown = sorted(set(answer) - allowed)
    if unknown:
        raise Refused(f"the model answered with {_quoted(unknown[0])}, which it was not asked for")


def _quoted(value: object) -> str:
    return repr(one_line(str(value), _LONGEST_QUOTE))
