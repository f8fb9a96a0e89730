"""What people are told: one thread an incident, always as it stands now, whoever was away, and nobody waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import Conflict
from core.runs import RunStatus
from core.states import State
from tests.people import ADA
from tests.slack_house import SlackHouse, open_slack
from tests.slack_limits import hostile_in
from tests.slack_server import NEXT, TOKEN
from tests.slack_text import shown
from tests.world import AUTO, World

MINUTE = timedelta(minutes=1)


@pytest.fixture
def at(tmp_path: Path) -> Iterator[SlackHouse]:
    with open_slack(tmp_path) as opened:
        yield opened


def account(at: SlackHouse) -> str:
    [head] = at.slack.heads()
    return "\n".join(shown(reply) for reply in at.slack.thread(head))


def test_it_is_asked_once_and_told_in_one_thread(at: SlackHouse) -> None:
    incident, _ = at.asked()
    assert [at.tell() for _ in range(3)] == [0, 0, 0]
    at.house.loop.decisions.approve(incident.id, ADA)
    at.house.settle_down()
    at.tell()
    [head] = at.slack.heads()
    assert "Healed" in shown(head)
    assert "[ Approve ]" not in shown(head)
    for words in (
        "Detected: service_down web on h1",
        "Planned by rules",
        "Approved by ada",
        "Run began",
        "Verdict: healed",
    ):
        assert words in account(at)
    assert len(at.slack.thread(head)) == 2
    assert at.slack.heads(NEXT) == []


def test_what_looks_the_same_is_not_sent_again(at: SlackHouse) -> None:
    incident, _ = at.asked()
    calls, store = len(at.slack.calls), at.house.loop.context.store
    with store.write() as tx:
        store.incidents.postpone(tx, incident, incident.due_at)
    at.house.clock.advance(timedelta(seconds=6))
    assert at.tell() == 1
    assert len(at.slack.calls) == calls


def test_a_reminder_is_seen_in_the_channel_and_the_next_group_is_asked(at: SlackHouse) -> None:
    at.asked()
    at.house.settle_down(10 * MINUTE)
    at.tell()
    [head] = at.slack.heads()
    [reminder] = [one for one in at.slack.thread(head) if one.get("reply_broadcast")]
    assert "Still waits for an answer: demo h1" in shown(reminder)
    assert at.slack.heads(NEXT) == []
    at.house.settle_down(10 * MINUTE)
    at.tell()
    [asked] = at.slack.heads(NEXT)
    assert "[ Approve ]" in shown(asked)
    assert len([one for one in at.slack.thread(head) if one.get("reply_broadcast")]) == 1
    at.house.settle_down(60 * MINUTE)
    at.tell()
    for channel in (None, NEXT):
        [told] = at.slack.heads(channel) if channel else at.slack.heads()
        assert "Escalated" in shown(told)
        assert "[ Approve ]" not in shown(told)


def test_who_acts_by_himself_reports_the_error_the_action_and_the_reason(tmp_path: Path) -> None:
    with open_slack(tmp_path, **AUTO) as at:
        incident = at.house.healed(evidence={"state": "failed", "result": "exit-code"})
        assert at.state(incident) is State.RESOLVED
        at.tell()
        text = shown(at.slack.heads()[0])
        for words in (
            "Healed",
            "A service is not running (web)",
            "state=failed",
            "Did: restart a service",
            "healed by",
        ):
            assert words in text
        assert "Approved by the policy" in account(at)


def test_what_cleared_by_itself_before_anybody_was_concerned_is_not_told(tmp_path: Path) -> None:
    with open_slack(tmp_path, mode="observe") as at:
        at.house.healed()
        assert at.tell() == 0
        assert at.slack.calls == []


def test_what_could_not_be_healed_is_told(tmp_path: Path) -> None:
    with open_slack(tmp_path, world=World(cures={}, result=RunStatus.FAILED), **AUTO) as at:
        at.house.healed()
        at.tell()
        text = shown(at.slack.heads()[0])
        assert "Not healed. Escalated: people have to mend it" in text
        assert "no alternative is left" in text
        assert "Tried:" in text


def test_a_suggestion_is_shown_and_can_be_approved(tmp_path: Path) -> None:
    with open_slack(tmp_path, mode="suggest") as at:
        incident, message = at.asked()
        assert incident.state is State.PLANNED
        assert "Suggested; runs only if somebody approves" in shown(message)
        at.press(message, "approve", "UADA")
        at.house.settle_down()
        assert at.state(incident) is State.RESOLVED


def test_a_retention_that_takes_the_incident_takes_what_was_told_of_it(at: SlackHouse) -> None:
    incident, _ = at.asked()
    at.house.loop.decisions.reject(incident.id, ADA, "no")
    at.tell()
    at.house.clock.advance(timedelta(days=500))
    at.house.loop.housekeeping.prune()
    assert at.house.loop.context.store.messages.of(incident.id) == []
    assert at.house.loop.context.store.proof().violation is None


def test_nothing_that_a_host_says_becomes_a_mention_a_link_or_a_secret(at: SlackHouse) -> None:
    evil = {"a": "<!channel> <@U1> <#C1|x> *b* :fire:", "b": "https://evil.example.com/x", "c": f"token={TOKEN}"}
    incident, _ = at.asked(evidence=evil)
    at.house.loop.decisions.reject(incident.id, ADA, "<!here> see https://evil.example.com")
    at.tell()
    sent = [body for _, body in at.slack.calls]
    assert [hostile_in(body) for body in sent] == [[]] * len(sent)
    assert TOKEN not in str(sent)
    assert all(one.get("link_names", False) is False and one["parse"] == "none" for one in sent)


def test_a_test_message_needs_a_channel(tmp_path: Path) -> None:
    with open_slack(tmp_path, notify={}) as at, pytest.raises(Conflict, match=r"write notify\.slack"):
        at.house.loop.slack_check.test("demo")


def test_while_a_change_is_ruled_on_there_is_nothing_to_press(at: SlackHouse) -> None:
    incident, _ = at.asked()
    at.house.loop.decisions.change(incident.id, ADA, parameters={"service": "db"})
    assert at.state(incident) is State.PLANNED
    at.tell()
    [head] = at.slack.heads()
    assert "Planned" in shown(head)
    assert "[ Approve ]" not in shown(head)
    at.house.loop.engine.advance(incident.id)
    at.tell()
    assert "[ Approve ]" in shown(at.slack.heads()[0])
