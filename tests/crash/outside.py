"""Messages in the crash matrix: a Slack that keeps in the record what it was sent, whoever died after sending it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from approver.slack.head import APPROVE, target
from approver.slack.teller import SlackTeller
from core.errors import Conflict
from core.messages import Kind
from core.people import Grant, Role
from core.states import State
from loop.messenger import Messenger
from tests.crash.stage import Stage
from tests.slack_server import APP, TEAM

SETTINGS = {
    "slack_token": "xoxb-crash",
    "slack_signing_secret": "x",
    "slack_url": "http://127.0.0.1:9/api/",  # nobody is there: what is sent goes by the record
}
Action = Callable[[Stage], None]
_ADA, _STRANGER = "UADA", "USTRANGER"
_LATER = timedelta(seconds=45)


class RecordedSlack:
    """What `SlackTeller` calls, kept in the record."""

    def __init__(self, stage: Stage) -> None:
        self._record = stage.record

    def post(self, channel: str, text: str, _blocks: Sequence[Any], **more: Any) -> tuple[str, str]:
        ts = str(len(self._record.lines("posted")) + 1)
        self._record.write("posted", channel=channel, ts=ts, text=text, thread=more.get("thread_ts"))
        return channel, ts

    def update(self, channel: str, ts: str, text: str, _blocks: Sequence[Any]) -> None:
        self._record.write("updated", channel=channel, ts=ts, text=text)


def tell(stage: Stage) -> None:
    """The messenger's round, as long as there is something to tell."""
    context = stage.house.loop.context
    messenger = Messenger(context, {Kind.SLACK: SlackTeller(RecordedSlack(stage))}, lambda: 0)  # type: ignore[arg-type]
    for _ in range(5):
        messenger.look()
        stage.house.clock.advance(timedelta(seconds=6))
    messenger.leave()


def link_ada(stage: Stage) -> None:
    people = stage.house.loop.context.store.people
    with suppress(Conflict):
        people.add("ada", "test", [Grant(role=Role.APPROVER)])
    people.link("ada", "slack", _ADA, "test")
    people.bind_slack(_ADA, TEAM, APP)  # nobody is there who could be asked which workspace is ours


def click(user: str) -> Action:
    """*user* presses Approve, and sends it once more if nobody answered."""

    def act(stage: Stage) -> None:
        store, answers = stage.house.loop.context.store, stage.house.loop.answers
        assert answers is not None
        for incident in store.incidents.newest(state=State.AWAITING_APPROVAL):
            value = target(incident, store.plans.get(str(incident.plan_id)))
            action = {"action_id": APPROVE, "value": value}
            who = {"user": {"id": user, "team_id": TEAM}, "api_app_id": APP}
            said = {"type": "block_actions", **who, "actions": [action]}
            accepted = answers.accept(f"{user} {value}", "action", urlencode({"payload": json.dumps(said)}))
            if accepted is not None:
                answers.work(accepted.id)
        stage.house.clock.advance(_LATER)
        answers.work_left()
        assert store.callbacks.left() == [], "what was accepted was worked"

    return act


def all_is_told(stage: Stage) -> None:
    """Whoever died: every incident was told as it ended, and at most one message twice, that of a crash."""
    store = stage.house.loop.context.store
    for incident in store.incidents.newest():
        [told] = store.messages.of(incident.id)
        assert told.version == incident.version, f"{incident.id} was told as it was"
    heads = [line for line in stage.record.lines("posted") if line["thread"] is None]
    assert len(heads) <= len(store.incidents.newest()) + 1, heads


def around(report: Action, settle: Action, end: Action) -> tuple[Action, ...]:
    """A problem that is asked about, told and approved in Slack."""
    return (
        link_ada,
        report,
        settle,
        tell,
        click(_STRANGER),
        click(_ADA),
        settle,
        tell,
        end,
        tell,
        all_is_told,
    )
