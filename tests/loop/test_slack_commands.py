"""`/fleetmend`: what is asked of a phone, answered in private, with what that person may read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.pauses import Pause
from core.states import State
from tests.slack_house import UADA, UBOB, UEVE, UOLA, USTRANGER, UVIC, SlackHouse, open_slack
from tests.slack_limits import hostile_in, problem_of
from tests.slack_server import Json, command
from tests.slack_text import shown


@pytest.fixture
def at(tmp_path: Path) -> Iterator[SlackHouse]:
    with open_slack(tmp_path) as opened:
        yield opened


def told(at: SlackHouse, text: str, user: str) -> str:
    answer: Json = at.type(text, user)
    assert (answer["response_type"], answer["replace_original"]) == ("ephemeral", False)
    assert problem_of(answer) is None
    assert hostile_in(answer) == []
    return shown(answer)


def test_status_says_how_the_fleets_stand_that_one_may_see(at: SlackHouse) -> None:
    at.asked()
    assert "demo: 1 awaiting approval" in told(at, "status", UVIC)
    assert "demo" not in told(at, "status", UEVE)


def test_incidents_are_those_that_one_may_see(at: SlackHouse) -> None:
    incident, _ = at.asked()
    text = told(at, "incidents", UVIC)
    assert incident.id in text
    assert "service_down web on h1" in text
    assert incident.id not in told(at, "incidents", UEVE)


def test_an_incident_that_one_may_not_see_does_not_exist(at: SlackHouse) -> None:
    incident, _ = at.asked()
    unseen, unknown = told(at, f"approve {incident.id}", UEVE), told(at, "approve inc-0000000000000000", UEVE)
    assert unseen.replace(incident.id, "x") == unknown.replace("inc-0000000000000000", "x")
    assert at.state(incident) is State.AWAITING_APPROVAL


def test_approve_takes_the_plan_as_it_is_or_the_one_that_was_seen(at: SlackHouse) -> None:
    incident, _ = at.asked()
    plan = at.house.loop.context.store.plans.get(str(incident.plan_id))
    wrong = "0000" if not plan.hash.startswith("0000") else "1111"
    for prefix in (wrong, plan.hash[:3]):
        assert "look again" in told(at, f"approve {incident.id} {prefix}", UADA)
    assert "vic may not decide" in told(at, f"approve {incident.id}", UVIC)
    assert at.state(incident) is State.AWAITING_APPROVAL
    assert "approved by ada" in told(at, f"approve {incident.id} {plan.hash[:8]}", UADA).replace("person:", "")
    assert at.state(incident) is State.APPROVED


def test_asking_becomes_a_plan_that_somebody_else_approves(at: SlackHouse) -> None:
    assert "may not operate" in told(at, "ask demo h2 restart web", UVIC)
    text = told(at, "ask demo h2 please restart web", UOLA)
    assert "it is planned now" in text
    [incident] = at.house.loop.context.store.incidents.newest()
    assert incident.request is not None
    assert (incident.request.by, incident.request.hosts, incident.request.text) == (
        "person:ola",
        ("h2",),
        "please restart web",
    )


def test_pause_and_resume(at: SlackHouse) -> None:
    assert "may not operate" in told(at, "pause demo no reason", UVIC)
    assert "Paused every fleet" in told(at, "pause * everything burns", UBOB)
    assert "Paused demo: the disks are moved" in told(at, "pause demo the disks are moved", UOLA)
    pauses: list[Pause] = at.house.loop.context.store.pauses.in_force()
    assert [(one.scope, one.by, one.reason) for one in pauses] == [
        ("*", "person:bob", "everything burns"),
        ("demo", "person:ola", "the disks are moved"),
    ]
    assert "paused by" in told(at, "status", UVIC)
    assert "Resumed demo" in told(at, "resume demo", UOLA)
    assert "Resumed every fleet" in told(at, "resume *", UBOB)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "/fleetmend …"),
        ("help", "/fleetmend …"),
        ("drop tables", "there is no 'drop'"),
        ("ask demo", "say it as: /fleetmend ask"),
        ("ask nowhere h1 restart", "nowhere"),
        ("approve", "say it as: /fleetmend approve"),
        ("pause demo", "say it as: /fleetmend pause"),
        ("resume", "say it as: /fleetmend resume"),
        ("<!channel> https://evil.example.com", "there is no '< !channel>'"),
    ],
)
def test_what_can_not_be_meant_is_said_in_one_line(at: SlackHouse, text: str, words: str) -> None:
    assert words in told(at, text, UBOB)


def test_a_stranger_is_told_how_he_becomes_known(at: SlackHouse) -> None:
    assert f"fleetmend people slack NAME {USTRANGER}" in told(at, "status", USTRANGER)
    assert at.refusals()[0][0] == f"slack:{USTRANGER}"


def test_what_a_process_died_over_is_not_asked_for_twice(at: SlackHouse) -> None:
    answers, store = at.house.loop.answers, at.house.loop.context.store
    assert answers is not None
    accepted = answers.accept("v0=3", "command", command(at.slack, "ask demo h2 restart web", UOLA))
    assert accepted is not None
    store.callbacks.take(accepted.id)
    at.house.clock.advance(timedelta(minutes=1))
    at.tell()
    assert store.incidents.newest() == []
    assert "was stopped in the middle of this" in shown(at.slack.whispers[-1])
