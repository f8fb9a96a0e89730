"""Brings a Slack channel up to how an incident stands: one message, changed in place, and one thread below it."""

from __future__ import annotations

from datetime import datetime

from approver.slack.client import GONE, Slack, SlackError
from approver.slack.head import head, summary
from approver.slack.replies import account, reminder
from core.digests import digest_of
from core.messages import Save, Story, Told

_EVENT = "fleetmend_incident"


class SlackTeller:
    """Tells Slack channels. What is the same as before is not sent."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack

    def tell(self, story: Story, told: Told, save: Save) -> None:
        """Post or change the incident's message, and reply with what happened since. Raises Undelivered."""
        told = self._head(story, told, save)
        told = self._remind(story, told, save)
        self._account(story, told, save)

    def _head(self, story: Story, told: Told, save: Save) -> Told:
        text, blocks = summary(story), head(story)
        digest, plan = digest_of([text, blocks]), story.plan
        told = told.evolve(plan_hash=plan.hash if plan is not None else None)
        if told.place is not None and told.ts is not None:
            if digest == told.digest:
                return told
            try:
                self._slack.update(told.place, told.ts, text, blocks)
            except SlackError as error:
                if error.code not in GONE:
                    raise
                # Somebody took it out: the incident gets a new message, and the whole account once more.
                told = told.evolve(place=None, ts=None, digest="", seq=0)
                save(told)
                raise
        else:
            about = {"event_type": _EVENT, "event_payload": {"incident": story.incident.id}}
            place, ts = self._slack.post(told.channel, text, blocks, metadata=about)
            told = told.evolve(place=place, ts=ts, reminded_at=_due(story))
        told = told.evolve(digest=digest)
        save(told)
        return told

    def _remind(self, story: Story, told: Told, save: Save) -> Told:
        due = _due(story)
        if due is None or due == told.reminded_at or told.place is None:
            return told
        self._slack.post(told.place, *reminder(story), thread_ts=told.ts, reply_broadcast=True)
        told = told.evolve(reminded_at=due)
        save(told)
        return told

    def _account(self, story: Story, told: Told, save: Save) -> None:
        reply = account(story.entries, story.link)
        if reply is not None and told.place is not None:
            self._slack.post(told.place, *reply, thread_ts=told.ts)
        newest = max((entry.seq for entry in story.entries), default=told.seq)
        save(told.evolve(seq=newest, version=story.incident.version))


def _due(story: Story) -> datetime | None:
    return None if story.ask is None else story.ask.reminded_at
