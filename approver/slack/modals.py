"""The two modals: a reason for a no, and a yes to some of the hosts or to other values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from approver.slack.texts import OPTION, TITLE, Block, clip, glue, plain, rich, run_of, section
from core.model import Scalar
from core.plans import Plan, Step

REJECT, CHANGE = "reject", "change"
"""The modals' callback ids."""
HOSTS, REASON, FIELD = "hosts", "reason", "value"
PARAMETER = "parameter:"
_BOXES, _CHOICES, _NOTE, _LONGEST_REASON = 10, 100, 140, 500
"""Slack's limits: checkboxes, options of a menu, a hint that is read at a glance. The last one is ours."""


def reject_modal(about: Mapping[str, Any], title: str) -> Block:
    """Asks for the reason of a no. *about* comes back with the answer."""
    reason = {"type": "plain_text_input", "action_id": FIELD, "multiline": True, "max_length": _LONGEST_REASON}
    blocks = [
        rich(section(run_of(title, longest=300))),
        _input(REASON, "Why not? It stays quiet until it clears", reason),
    ]
    return _modal(REJECT, "Reject the plan", "Reject", about, blocks)


def change_modal(about: Mapping[str, Any], plan: Plan, schema: Mapping[str, Any], title: str) -> Block:
    """Asks for hosts and values of the plan's first step, within the *schema* of its remedy as it is narrowed there."""
    step = plan.steps[0]
    blocks = [
        rich(
            section(run_of(title, bold=True, longest=200)),
            section(
                glue("Fewer hosts: you approve the plan for the rest. "),
                glue("Other values: it becomes a new plan, which somebody else has to approve."),
            ),
        )
    ]
    if hosts := _hosts(plan):
        blocks.append(hosts)
    for name, rules in list(schema.get("properties", {}).items())[:30]:
        if (element := _element(rules, step.parameters.get(name))) is not None:
            required = name in schema.get("required", ())
            hint = str(rules.get("description") or "")
            blocks.append(_input(PARAMETER + name, name, element, optional=not required, hint=hint))
    reason = {"type": "plain_text_input", "action_id": FIELD, "max_length": _LONGEST_REASON}
    blocks.append(_input(REASON, "Reason", reason, optional=True))
    return _modal(CHANGE, "Approve or change", "Go on", about, blocks)


def answers(state: Mapping[str, Any]) -> tuple[list[str] | None, dict[str, str | None], str]:
    """What was filled in: the hosts (None if they were not asked for), the values as texts, the reason."""
    hosts: list[str] | None = None
    values: dict[str, str | None] = {}
    reason = ""
    for block, fields in state.items():
        field = fields.get(FIELD) if isinstance(fields, Mapping) else None
        if not isinstance(field, Mapping):
            continue
        if block == HOSTS:
            hosts = [str(option["value"]) for option in field.get("selected_options") or []]
            continue
        chosen = field.get("selected_option")
        value = chosen.get("value") if isinstance(chosen, Mapping) else field.get("value")
        if block == REASON:
            reason = str(value or "")
        elif block.startswith(PARAMETER):
            values[block.removeprefix(PARAMETER)] = None if value in (None, "") else str(value)
    return hosts, values, reason


def typed(step: Step, schema: Mapping[str, Any], values: Mapping[str, str | None]) -> dict[str, object]:
    """The *values* that differ from the step's, in the types of the *schema*; what can't be one stays text.

    They are not checked here: that is done where every other value is, too.
    """
    found: dict[str, object] = {}
    for name, text in values.items():
        rules = schema.get("properties", {}).get(name)
        if text is None or rules is None:
            continue
        value = _typed(text, rules)
        if value != step.parameters.get(name):
            found[name] = value
    return found


def _typed(text: str, rules: Mapping[str, Any]) -> object:
    for choice in rules.get("enum", ()):
        if _written(choice) == text:
            return choice
    kind = rules.get("type")
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    try:
        return int(text) if kind == "integer" else float(text) if kind == "number" else text
    except ValueError:
        return text


def _hosts(plan: Plan) -> Block | None:
    options = [_option(host, host) for host in plan.hosts if len(host) <= OPTION]
    if len(plan.hosts) < 2 or len(options) != len(plan.hosts) or len(options) > _CHOICES:
        return None
    element: Block = {"action_id": FIELD, "options": options, "initial_options": options}
    if len(options) <= _BOXES:
        return _input(HOSTS, "On these hosts", {"type": "checkboxes", **element})
    return _input(HOSTS, "On these hosts", {"type": "multi_static_select", **element})


def _element(rules: Mapping[str, Any], value: Scalar | None) -> Block | None:
    """How a value is asked for; None if it is fixed, or can't be asked for within Slack's limits."""
    if "const" in rules:
        return None
    choices = list(rules.get("enum", ())) or ([True, False] if rules.get("type") == "boolean" else [])
    if choices:
        written = list(dict.fromkeys(map(_written, choices)))
        if len(written) > _CHOICES or not all(0 < len(one) <= OPTION for one in written):
            return None
        options = [_option(one, one) for one in written]
        chosen = [one for one in options if value is not None and one["value"] == _written(value)]
        select: Block = {"type": "static_select", "action_id": FIELD, "options": options}
        return select | ({"initial_option": chosen[0]} if chosen else {})
    initial = {} if value is None else {"initial_value": _written(value)}
    if rules.get("type") in ("integer", "number"):
        bounds = {
            f"{end}_value": str(rules[name]) for end, name in (("min", "minimum"), ("max", "maximum")) if name in rules
        }
        decimal = rules["type"] == "number"
        return {"type": "number_input", "action_id": FIELD, "is_decimal_allowed": decimal, **bounds, **initial}
    longest = min(int(rules.get("maxLength", 500)), 500)
    if value is not None and len(_written(value)) > longest:
        return None
    return {"type": "plain_text_input", "action_id": FIELD, "max_length": longest, **initial}


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _option(words: str, value: str) -> Block:
    return {"text": plain(words, OPTION), "value": value}


def _input(block: str, label: str, element: Block, *, optional: bool = False, hint: str = "") -> Block:
    said = {"hint": plain(hint, _NOTE)} if hint else {}
    return {
        "type": "input",
        "block_id": block,
        "label": plain(label, 150),
        "element": element,
        "optional": optional,
        **said,
    }


def _modal(callback: str, title: str, submit: str, about: Mapping[str, Any], blocks: list[Block]) -> Block:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain(clip(title, TITLE), TITLE),
        "submit": plain(submit, TITLE),
        "close": plain("Cancel", TITLE),
        "private_metadata": json.dumps(about),
        "blocks": blocks,
    }
