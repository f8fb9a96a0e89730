"""What Slack sends back: clicks, filled-in modals and slash commands, read out of forms that Slack signed.

Who it was and what was meant; whether he may is asked elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from approver.slack import head, modals
from core.errors import BadInput

_BUTTONS = frozenset({head.APPROVE, head.REJECT, head.CHANGE, head.SNOOZE, head.ESCALATE})
_FORM_FIELDS = 40


class Where(NamedTuple):
    """Who it was, and how he can be answered in private."""

    user: str
    channel: str
    response_url: str
    thread: str
    team: str = ""
    """The workspace that the user is of."""
    app: str = ""
    """The app that was signed for."""


class Click(NamedTuple):
    """A button. `plan_hash` is that of the plan that the message showed."""

    where: Where
    action: str
    incident_id: str
    plan_hash: str
    trigger: str


class Filled(NamedTuple):
    """A modal that was submitted. `hosts` is None if they were not asked for."""

    where: Where
    modal: str
    incident_id: str
    plan_hash: str
    hosts: tuple[str, ...] | None
    values: dict[str, str | None]
    reason: str


class Typed(NamedTuple):
    """A slash command."""

    where: Where
    text: str


class Other(NamedTuple):
    """What needs no work: a link's button, a closed modal, something newer than this code."""


Said = Click | Filled | Typed | Other


def form_of(body: str) -> dict[str, str]:
    """The fields of a form, each of which may come once. Raises BadInput."""
    try:
        fields = parse_qs(body, strict_parsing=True, keep_blank_values=True, max_num_fields=_FORM_FIELDS)
    except ValueError as error:
        raise BadInput(f"the body is no form: {error}") from None
    if any(len(values) != 1 for values in fields.values()):
        raise BadInput("the body has a field twice")
    return {name: values[0] for name, values in fields.items()}


def read_action(body: str) -> Said:
    """Read what came to the interactivity URL. Raises BadInput for what Slack does not send."""
    try:
        payload = json.loads(form_of(body)["payload"])
    except (KeyError, ValueError, RecursionError):
        raise BadInput("the form has no payload that is JSON") from None
    try:
        return _read(_mapping(payload))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise BadInput(f"the payload is not as Slack sends it ({type(error).__name__})") from None


def read_command(body: str) -> Typed:
    """Read what came to the slash command's URL. Raises BadInput."""
    form = form_of(body)
    if not form.get("user_id"):
        raise BadInput("the form names no user")
    team, app = form.get("team_id", ""), form.get("api_app_id", "")
    where = Where(form["user_id"], form.get("channel_id", ""), form.get("response_url", ""), "", team, app)
    return Typed(where, form.get("text", ""))


def about(click: Click) -> dict[str, str]:
    """What a modal carries, to say which click it came from."""
    where = click.where
    return {
        "incident": click.incident_id,
        "hash": click.plan_hash,
        "channel": where.channel,
        "thread": where.thread,
    }


def _read(payload: Mapping[str, Any]) -> Said:
    user, app = str(payload["user"]["id"]), str(payload.get("api_app_id") or "")
    # Somebody who clicks in a shared channel is of another workspace than the channel.
    team = str(payload["user"].get("team_id") or (payload.get("team") or {}).get("id") or "")
    if payload["type"] == "block_actions":
        action = payload["actions"][0]
        if action["action_id"] not in _BUTTONS:
            return Other()
        value = _mapping(json.loads(action["value"]))
        container = payload.get("container") or {}
        message = payload.get("message") or {}
        thread = str(message.get("thread_ts") or container.get("message_ts") or "")
        channel = str((payload.get("channel") or {}).get("id") or container.get("channel_id") or "")
        where = Where(user, channel, str(payload.get("response_url") or ""), thread, team, app)
        incident, plan_hash = str(value["incident"]), str(value["hash"])
        return Click(where, action["action_id"], incident, plan_hash, str(payload.get("trigger_id") or ""))
    if payload["type"] == "view_submission" and payload["view"]["callback_id"] in (modals.REJECT, modals.CHANGE):
        view = payload["view"]
        value = _mapping(json.loads(view["private_metadata"]))
        hosts, values, reason = modals.answers(_mapping(view["state"]["values"]))
        where = Where(user, str(value.get("channel") or ""), "", str(value.get("thread") or ""), team, app)
        return Filled(
            where,
            str(view["callback_id"]),
            str(value["incident"]),
            str(value["hash"]),
            None if hosts is None else tuple(hosts),
            values,
            reason,
        )
    return Other()


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError("an object was expected")
    return value
