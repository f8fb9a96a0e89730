"""What people are told: one thread an incident, always as it stands now, whoever was away, and nobody waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from approver.slack.client import Slack, SlackError
from core.errors import Conflict
from core.messages import Kind, Told, Undelivered
from core.redaction import Redactor
from core.runs import RunStatus
from core.states import State
from loop.messenger import LEASE, Messenger, pause_after
from tests.people import ADA
from tests.slack_house import SlackHouse, open_slack
from tests.slack_limits import hostile_in
from tests.slack_server import NEXT, TOKEN, slack_server
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
    at.asked()
    calls = len(at.slack.calls)
    at.house.report()
    at.tell()
    assert len(at.slack.calls) == calls


def test_slack_was_down_for_a_while_and_then_there_is_one_thread_with_the_newest_state(at: SlackHouse) -> None:
    at.slack.down = True
    incident = at.house.report()
    at.house.loop.engine.advance(incident.id)
    for _ in range(30):
        at.tell()
        at.house.clock.advance(timedelta(seconds=5))
    at.house.loop.decisions.approve(incident.id, ADA)
    at.house.settle_down()
    assert at.state(incident) is State.RESOLVED, "the loop did not wait"
    at.tell()
    [standing] = at.house.loop.context.store.messages.standings()
    assert standing.failures > 3
    assert standing.last_error is not None
    assert "Slack does not answer" in standing.last_error
    at.slack.down = False
    at.house.clock.advance(timedelta(minutes=6))
    at.tell()
    assert "Healed" in shown(at.slack.heads()[0])
    assert "Approved by ada" in account(at)
    assert len(at.slack.called("chat.postMessage")) == 2
    assert at.house.loop.context.store.messages.standings()[0].failures == 0


def test_slack_breaks_off_between_two_states(at: SlackHouse) -> None:
    incident, _ = at.asked()
    at.slack.down = True
    at.house.loop.decisions.reject(incident.id, ADA, "no")
    at.tell()
    at.slack.down = False
    at.house.clock.advance(timedelta(minutes=6))
    at.tell()
    assert "Rejected" in shown(at.slack.heads()[0])


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        ((429, "30"), 30),
        ((429, "100000"), 3600),
        ((429, "soon"), 2),
        ((429, "-5"), 2),
        (500, 2),
        ({"error": "not_in_channel"}, 2),
        ({"error": "invalid_auth"}, 2),
        ({"error": "internal_error"}, 2),
    ],
)
def test_after_an_error_the_channel_rests_as_long_as_slack_says(at: SlackHouse, error: Any, waits: int) -> None:
    at.slack.errors = [error]
    incident = at.house.report()
    at.house.loop.engine.advance(incident.id)
    at.tell()
    [standing] = at.house.loop.context.store.messages.standings()
    assert standing.next_try_at == at.house.clock.now() + timedelta(seconds=waits)
    at.house.clock.advance(timedelta(seconds=waits) - timedelta(seconds=0.1))
    at.house.report(host="h2")
    at.tell()
    assert at.slack.heads() == []
    at.house.clock.advance(timedelta(seconds=6))
    at.tell()
    assert len(at.slack.heads()) == 1


def test_many_incidents_of_a_channel_that_is_down_cost_one_call(at: SlackHouse) -> None:
    for host in ("h1", "h2", "h3"):
        at.house.loop.engine.advance(at.house.report(host=host).id)
    at.slack.errors = [500] * 10
    at.tell()
    assert len(at.slack.calls) == 1
    at.slack.errors = []
    at.house.clock.advance(timedelta(seconds=6))
    at.tell()
    assert len(at.slack.heads()) == 3


def test_one_message_that_slack_refuses_does_not_stop_the_others(at: SlackHouse) -> None:
    for host in ("h1", "h2"):
        at.house.loop.engine.advance(at.house.report(host=host).id)
    at.slack.errors = [{"error": "invalid_blocks"}]
    at.tell()
    assert len(at.slack.heads()) == 1
    assert at.house.loop.context.store.messages.standings()[0].failures == 0
    at.house.clock.advance(timedelta(seconds=6))
    at.tell()
    assert len(at.slack.heads()) == 2


def test_one_incident_that_can_not_be_told_at_all_does_not_stop_the_others(at: SlackHouse) -> None:
    incidents = [at.house.report(host=host) for host in ("h1", "h2")]
    for incident in incidents:
        at.house.loop.engine.advance(incident.id)
    messenger = at.house.loop.messenger
    teller = messenger._tellers[Kind.SLACK]

    class Breaks:
        def tell(self, story: Any, told: Told, save: Any) -> None:
            if story.incident.id == incidents[0].id:
                raise KeyError("a fault of ours")
            teller.tell(story, told, save)

    messenger._tellers = {Kind.SLACK: Breaks()}
    assert at.tell() == 2
    assert len(at.slack.heads()) == 1
    [left] = at.house.loop.context.store.messages.of(incidents[0].id)
    assert left.last_error == "a fault of fleetmend's own: KeyError; see the log"


def test_a_message_that_somebody_deleted_is_written_anew(at: SlackHouse) -> None:
    incident, _ = at.asked()
    for key in list(at.slack.messages):
        del at.slack.messages[key]
    at.house.loop.decisions.reject(incident.id, ADA, "no")
    at.tell()
    at.house.clock.advance(timedelta(seconds=6))
    at.tell()
    assert "Rejected" in shown(at.slack.heads()[0])
    assert "Detected" in account(at)


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


def test_a_suggestion_is_shown_and_can_be_approved(tmp_path: Path) -> None:
    with open_slack(tmp_path, mode="suggest") as at:
        incident, message = at.asked()
        assert incident.state is State.PLANNED
        assert "Suggested; runs only if somebody approves" in shown(message)
        at.press(message, "approve", "UADA")
        at.house.settle_down()
        assert at.state(incident) is State.RESOLVED


def test_one_process_at_a_time_delivers(at: SlackHouse) -> None:
    context, store = at.house.loop.context, at.house.loop.context.store
    lease = store.leases.take_now(LEASE, "somebody else", timedelta(minutes=2))
    assert lease is not None
    at.house.loop.engine.advance(at.house.report().id)
    assert at.tell() == 0
    assert at.slack.calls == []
    other = Messenger(context, at.house.loop.messenger._tellers, lambda: 0)
    store.leases.release_now([lease])
    at.house.clock.advance(timedelta(seconds=6))
    assert other.look() == 1
    assert at.tell() == 0


def test_an_idle_round_is_one_small_query(at: SlackHouse) -> None:
    at.asked()
    at.tell()
    store, asked = at.house.loop.context.store.messages, []
    for name in ("untold", "behind", "widened"):
        setattr(store, name, lambda *_, name=name: asked.append(name) or [])
    at.tell()
    assert asked == []


def test_a_fleet_that_can_not_be_read_keeps_nobody_from_being_told(at: SlackHouse) -> None:
    incident, _ = at.asked()
    at.house.loop.decisions.reject(incident.id, ADA, "no")
    at.house.rewrite_fleet(mode="nonsense")
    at.tell()
    assert "Rejected" in shown(at.slack.heads()[0])


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
    incident, message = at.asked(evidence=evil)
    at.house.loop.decisions.reject(incident.id, ADA, "<!here> see https://evil.example.com")
    at.tell()
    sent = [body for _, body in at.slack.calls]
    assert [hostile_in(body) for body in sent] == [[]] * len(sent)
    assert "&lt; !" not in message["text"]
    assert all(one.get("link_names", False) is False and one["parse"] == "none" for one in sent)


@pytest.mark.parametrize(
    ("failures", "asked", "seconds"), [(1, None, 2), (2, None, 4), (9, None, 300), (999, 7.0, 300)]
)
def test_pauses_double_up_to_a_cap(failures: int, asked: float | None, seconds: int) -> None:
    assert pause_after(failures, asked) == timedelta(seconds=seconds)


def test_a_call_has_an_end_however_slowly_slack_answers() -> None:
    import threading

    with slack_server() as server:
        server.hang = threading.Event()
        slack = Slack(TOKEN, server.url, Redactor(), seconds=0.1)
        with pytest.raises(Undelivered, match=r"no answer within 0\.1 seconds"):
            slack.post("#ops", "hello", [])


def test_an_error_does_not_say_the_token() -> None:
    with slack_server() as server:
        server.errors = [{"error": f"bad {TOKEN}"}]
        with pytest.raises(SlackError) as caught:
            Slack(TOKEN, server.url, Redactor({TOKEN})).post("#ops", "hello", [])
        assert TOKEN not in str(caught.value)


def test_a_test_message_needs_a_channel(tmp_path: Path) -> None:
    with open_slack(tmp_path, notify={}) as at, pytest.raises(Conflict, match=r"write notify\.slack"):
        at.house.loop.slack_check.test("demo")
