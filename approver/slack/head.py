"""The message of an incident: what is wrong, what is proposed, what it would change, and what can be said to it.

Read on a phone: the first line says where and what, the last ones are buttons.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from approver.account import names, who
from approver.slack.texts import (
    BUTTON,
    Block,
    clip,
    glue,
    header,
    link,
    moment,
    one_line,
    plain,
    rich,
    run_of,
    section,
    verbatim,
)
from core.approvals import Answer, Ask
from core.incidents import Incident
from core.messages import Story
from core.model import Scalar
from core.plans import Plan, hosts_in_words
from core.states import State

APPROVE, REJECT, CHANGE, SNOOZE, ESCALATE, OPEN = "approve", "reject", "change", "snooze", "escalate", "open"
"""The buttons' action ids."""
DECIDABLE = frozenset({State.PLANNED, State.AWAITING_APPROVAL})
_LINES_OF_DIFF, _DIFFS, _WIDTH_OF_DIFF = 8, 3, 160
_HOSTS, _PARAMETERS, _UNFORESEEN = 8, 10, 6
_REASON = 300
_WHEN = "{date_short_pretty} at {time}"
_STATES = {
    State.OPEN: "Looking for a plan",
    State.PLANNED: "Planned",
    State.AWAITING_APPROVAL: "Waits for approval",
    State.APPROVED: "Approved, about to run",
    State.RUNNING: "Running",
    State.VERIFYING: "Ran; measuring whether it healed",
    State.ESCALATED: "Escalated: people have to mend it",
    State.RESOLVED: "Over",
    State.REJECTED: "Rejected",
    State.EXPIRED: "Expired: nobody answered in time",
    State.SUPPRESSED: "Suppressed",
    State.CLOSED: "Closed by hand",
}
_QUIET = frozenset({State.OPEN, State.PLANNED, State.AWAITING_APPROVAL, State.RUNNING, State.VERIFYING})
"""States whose reason is not part of the message: it changes with every look, or is said in other words."""


def headline(story: Story) -> str:
    """`prod web1: A service is not running (web)`."""
    incident = story.incident
    if incident.request is not None:
        remedy = incident.request.remedy or ""
        what = f"{who(incident.request.by)} asks: {incident.request.text or story.remedies.get(remedy, remedy)}"
        return f"{incident.fleet} {hosts_in_words(incident.scope)}: {what}"
    subject = f" ({incident.subject})" if incident.subject else ""
    where = f"{incident.host_count} hosts" if incident.is_storm else incident.host
    return f"{incident.fleet} {where}: {story.symptom}{subject}"


def standing(story: Story) -> str:
    """How it stands, in a few words."""
    incident = story.incident
    if incident.state is State.RESOLVED:
        if story.verdict == "healed":
            return "Healed"
        return "Done as asked" if incident.request is not None else "Over: it cleared by itself"
    if incident.state is State.ESCALATED and story.verdict in ("not_healed", "worse"):
        return f"{story.verdict.replace('_', ' ').capitalize()}. {_STATES[State.ESCALATED]}"
    return "Suggested; runs only if somebody approves" if story.held else _STATES[incident.state]


def decidable(story: Story) -> bool:
    """True if people are asked, or the plan is left to them. In between, the loop is about to go on by itself."""
    return story.held or story.incident.state is State.AWAITING_APPROVAL


def summary(story: Story) -> str:
    """What a phone shows of the message before it is opened."""
    return f"{standing(story)} - {headline(story)}"


def head(story: Story) -> list[Block]:
    """The blocks of the message as the incident stands now."""
    incident, plan = story.incident, story.plan
    blocks = [header(headline(story)), rich(section(*_state(story)))]
    if plan is not None:
        blocks.append(rich(*_proposal(story, plan)))
        if decidable(story):
            blocks += _changes(story, plan)
            blocks.append(_buttons(incident, plan))
    blocks.append(rich(section(*_foot(story))))
    return blocks


def target(incident: Incident, plan: Plan) -> str:
    """What a button stands for: this incident, and exactly this plan."""
    return json.dumps({"incident": incident.id, "hash": plan.hash})


def parameters_in_words(parameters: dict[str, Scalar]) -> str:
    """`service=web, lines=100`."""
    shown = list(parameters.items())[:_PARAMETERS]
    more = len(parameters) - len(shown)
    return ", ".join(f"{name}={clip(str(value), 100)}" for name, value in shown) + (f" and {more} more" if more else "")


def _state(story: Story) -> Iterator[Block]:
    incident = story.incident
    yield run_of(standing(story), bold=True)
    yield glue(f"  ·  {incident.severity}")
    if decidable(story) and story.ask is not None:
        yield from _asked(story, story.ask)
    if incident.evidence:
        yield glue("\nSeen: ")
        yield run_of(parameters_in_words(incident.evidence), longest=_REASON)
    if incident.state not in _QUIET and incident.reason:
        yield glue("\n")
        yield run_of(names(incident.reason), longest=_REASON)
    if incident.detections > 1 and incident.state.terminal:
        yield glue(f"\nSeen {incident.detections} times.")


def _asked(story: Story, ask: Ask) -> Iterator[Block]:
    yeses = sorted({one.by for one in story.approvals if one.answer is Answer.APPROVE})
    yield glue(f"  ·  {len(yeses)} of {ask.needed} approvals")
    if yeses:
        yield glue(" ")
        yield run_of("(" + ", ".join(map(who, yeses)) + ")", longest=_REASON)
    yield glue("  ·  until ")
    yield moment(ask.expires_at, _WHEN)
    if ask.snoozed_until is not None and ask.snoozed_by is not None:
        yield glue("\nSnoozed by ")
        yield run_of(who(ask.snoozed_by), longest=100)
        yield glue(" until ")
        yield moment(ask.snoozed_until, _WHEN)


def _proposal(story: Story, plan: Plan) -> Iterator[Block]:
    for number, step in enumerate(plan.steps[:5]):
        title = story.remedies.get(step.remedy, step.remedy)
        pieces = [glue("\n")] if number else [glue(_verb(story) + " ")]
        pieces += [run_of(title, bold=True, longest=200), glue("\non "), run_of(hosts_in_words(step.hosts))]
        if step.parameters:
            pieces += [glue("\nwith "), run_of(parameters_in_words(step.parameters), longest=_REASON)]
        yield section(*pieces)
    if len(plan.steps) > 5:
        yield section(glue(f"and {len(plan.steps) - 5} more steps"))
    why = f": {plan.reasons[0]}" if plan.reasons else ""
    chosen = f"Risk {plan.risk}. Chosen by {who(plan.proposer)}, confidence {plan.confidence:.0%}{why}"
    yield section(run_of(names(chosen), longest=_REASON))


def _verb(story: Story) -> str:
    if story.incident.state in DECIDABLE:
        return "Proposed:"
    if story.incident.state in (State.APPROVED, State.RUNNING, State.VERIFYING):
        return "Does:"
    if story.verdict is None:
        return "Was proposed:"
    return "Did:" if story.incident.state is State.RESOLVED else "Tried:"


def _changes(story: Story, plan: Plan) -> list[Block]:
    """What `--check --diff` said, shortened: a few lines a host, and how much is left out."""
    found = story.foreseen
    if found is None:
        return []
    diffs = [one for preview in found.previews for one in preview.hosts]
    elements: list[Block] = []
    changing: dict[str, list[str]] = {}
    for one in diffs:
        if one.diff.strip():
            changing.setdefault(one.diff, []).append(one.host)
    for diff, hosts in list(changing.items())[:_DIFFS]:
        lines = _changed(diff)
        shown = "\n".join(clip(line, _WIDTH_OF_DIFF) for line in lines[:_LINES_OF_DIFF])
        elements += [
            section(glue("Would change on ", bold=True), run_of(hosts_in_words(tuple(hosts)), bold=True)),
            verbatim(shown),
        ]
        if len(lines) > _LINES_OF_DIFF:
            elements.append(section(glue(f"… and {len(lines) - _LINES_OF_DIFF} more changed lines")))
    if others := [host for hosts in list(changing.values())[_DIFFS:] for host in hosts]:
        elements.append(section(glue("Other changes on "), run_of(hosts_in_words(tuple(others)))))
    if not changing and found.unknown is None:
        elements.append(section(glue("Check mode foresees no change in any file.")))
    unforeseen = sorted({one_line(task) for host in diffs for task in host.unforeseen})
    if unforeseen:
        more = len(unforeseen) - _UNFORESEEN
        tasks = ", ".join(clip(task, 80) for task in unforeseen[:_UNFORESEEN]) + (
            f" and {more} more" if more > 0 else ""
        )
        elements.append(section(glue("Can't be foreseen: "), run_of(tasks, longest=600)))
    if found.unknown is not None:
        elements.append(section(glue("What would change is unknown: "), run_of(found.unknown, longest=_REASON)))
    if story.link is not None and changing:
        elements.append(section(link(story.link, "The whole diff")))
    return [rich(*elements)]


def _changed(diff: str) -> list[str]:
    """The lines of a unified diff that change something, below the file's name; a phone has no room for the others."""
    found: list[str] = []
    lines = diff.strip("\n").splitlines()
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("--- ") and following.startswith("+++ "):
            before, after = line.removeprefix("--- before: "), following.removeprefix("+++ after: ")
            found += [before] if before == after else [line, following]
        elif line.startswith(("+", "-")) and not (line.startswith("+++ ") and lines[number - 1].startswith("--- ")):
            found.append(line)
    return found or lines


def _buttons(incident: Incident, plan: Plan) -> Block:
    value = target(incident, plan)
    asked = incident.state is State.AWAITING_APPROVAL
    buttons = [
        _button(APPROVE, "Approve", value) | {"style": "primary"},
        _button(CHANGE, "Some hosts / change…", value),
        _button(REJECT, "Reject…", value) | {"style": "danger"},
        *([_button(SNOOZE, "Snooze 1 h", value)] if asked else []),
        _button(ESCALATE, "Escalate", value),
    ]
    return {"type": "actions", "block_id": "decide", "elements": buttons}


def _button(action: str, words: str, value: str) -> Block:
    return {"type": "button", "action_id": action, "text": plain(words, BUTTON), "value": value}


def _foot(story: Story) -> Iterator[Block]:
    if story.plan is not None:
        yield glue(f"Plan {story.plan.hash[:8]}  ·  ")
    yield link(story.link, story.incident.id) if story.link is not None else glue(story.incident.id)
