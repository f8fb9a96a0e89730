"""Slack is away, slow, or says no; a process dies, or two deliver: what people are told is complete, and told once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from approver.slack.client import Slack, SlackError
from core.messages import Kind, Told, Undelivered
from core.redaction import Redactor
from core.states import State
from loop.messenger import LEASE, Messenger, pause_after
from tests.people import ADA
from tests.slack_house import SlackHouse, open_slack
from tests.slack_server import TOKEN, slack_server
from tests.slack_text import shown


@pytest.fixture
def at(tmp_path: Path) -> Iterator[SlackHouse]:
    with open_slack(tmp_path) as opened:
        yield opened


def account(at: SlackHouse) -> str:
    [head] = at.slack.heads()
    return "\n".join(shown(reply) for reply in at.slack.thread(head))


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
