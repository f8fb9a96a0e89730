"""People decide in Slack: who may, about what exactly, and what each is told who may not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.people import Grant, Role
from core.states import State
from tests.people import owner
from tests.slack_house import UADA, UBOB, UEVE, UOLA, USTRANGER, UVIC, SlackHouse, open_slack
from tests.slack_server import click
from tests.slack_text import shown
from tests.world import HOSTS, World

TWO = {"policy": {"approve": {"approvers": 2, "expires": "30m"}}}


@pytest.fixture
def at(tmp_path: Path) -> Iterator[SlackHouse]:
    with open_slack(tmp_path) as opened:
        yield opened


NOT_THEM = {
    "somebody whom nobody knows": (USTRANGER, "Nobody in fleetmend is linked to your Slack user", f"slack:{USTRANGER}"),
    "a viewer": (UVIC, "vic may not decide in the fleet demo", "person:vic"),
    "an operator": (UOLA, "ola may not decide in the fleet demo", "person:ola"),
    "an approver of another fleet": (UEVE, "eve may not decide in the fleet demo", "person:eve"),
}


@pytest.mark.parametrize("action", ["approve", "reject", "change"])
@pytest.mark.parametrize("who", NOT_THEM)
def test_who_may_not_is_told_so_and_it_is_written_down(at: SlackHouse, who: str, action: str) -> None:
    incident, message = at.asked()
    user, words, actor = NOT_THEM[who]
    assert at.press(message, action, user).status_code == 200
    assert at.state(incident) is State.AWAITING_APPROVAL
    [said] = at.told_privately()
    assert words in said
    [(refused, why)] = at.refusals()
    assert (refused, words in why) == (actor, True)
    assert at.slack.views == []
    assert len(at.slack.heads()) == 1


def test_a_viewer_can_neither_snooze_nor_escalate(at: SlackHouse) -> None:
    incident, message = at.asked()
    for action in ("snooze", "escalate"):
        at.press(message, action, UVIC)
    assert at.state(incident) is State.AWAITING_APPROVAL
    assert [who for who, _ in at.refusals()] == ["person:vic"] * 2


def test_who_asked_does_not_approve(at: SlackHouse) -> None:
    ada = owner("ada")
    asked = at.house.loop.desk.ask("demo", ada, remedy="restart", hosts=("h1",), parameters={"service": "web"})
    incident, message = at.ask_about(asked.id)
    at.press(message, "approve", UADA)
    assert at.state(incident) is State.AWAITING_APPROVAL
    assert "ada asked for this" in at.told_privately()[0]
    at.press(message, "approve", UBOB)
    assert at.state(incident) is State.APPROVED


def test_a_disabled_person_is_nobody(at: SlackHouse) -> None:
    incident, message = at.asked()
    at.house.loop.context.store.people.switch("ada", "test", enabled=False)
    at.press(message, "approve", UADA)
    assert at.state(incident) is State.AWAITING_APPROVAL


def test_a_role_counts_as_it_is_at_the_click(at: SlackHouse) -> None:
    incident, message = at.asked()
    at.house.loop.context.store.people.grant("ada", Grant(role=Role.VIEWER, fleet="demo"), "test")
    at.press(message, "approve", UADA)
    assert at.state(incident) is State.AWAITING_APPROVAL


def test_a_second_click_is_told_that_it_is_decided(at: SlackHouse) -> None:
    incident, message = at.asked()
    at.press(message, "approve", UADA)
    at.press(message, "approve", UADA)
    assert at.state(incident) is State.APPROVED
    assert "there is nothing to decide" in at.told_privately()[0]
    assert len(at.house.loop.context.store.approvals.of(str(incident.plan_id))) == 1


def test_one_person_is_not_two(tmp_path: Path) -> None:
    with open_slack(tmp_path, **TWO) as at:
        incident, message = at.asked()
        at.press(message, "approve", UADA)
        at.press(message, "approve", UADA)
        assert at.state(incident) is State.AWAITING_APPROVAL
        assert "already decided" in at.told_privately()[0]
        at.tell()
        assert "1 of 2 approvals (ada)" in shown(at.slack.heads()[0])
        at.press(message, "approve", UBOB)
        assert at.state(incident) is State.APPROVED


@pytest.mark.parametrize("needed", [1, 2])
def test_two_people_click_at_the_same_instant(tmp_path: Path, needed: int) -> None:
    with open_slack(tmp_path, policy={"approve": {"approvers": needed, "expires": "30m"}}) as at:
        incident, message = at.asked()
        answers, store = at.house.loop.answers, at.house.loop.context.store
        assert answers is not None
        taken = [answers.accept(user, "action", click(at.slack, message, "approve", user)) for user in (UADA, UBOB)]
        line = threading.Barrier(2)

        def work(callback_id: str) -> None:
            line.wait()
            answers.work(callback_id)

        threads = [threading.Thread(target=work, args=(one.id,)) for one in taken if one is not None]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert at.state(incident) is State.APPROVED
        given = store.approvals.of(str(incident.plan_id))
        assert {one.by for one in given} == {"person:ada", "person:bob"} if needed == 2 else len(given) == 1
        assert len(at.refusals()) == 2 - needed
        at.house.settle_down()
        assert len(at.house.world.executed) == 1


def test_a_plan_that_changed_is_not_approved_by_an_old_message(at: SlackHouse) -> None:
    incident, message = at.asked()
    at.house.loop.decisions.change(incident.id, owner("root"), parameters={"service": "db"})
    at.house.loop.engine.advance(incident.id)
    assert at.state(incident) is State.AWAITING_APPROVAL
    for action in ("approve", "reject", "change", "snooze", "escalate"):
        at.press(message, action, UADA)
    assert at.state(incident) is State.AWAITING_APPROVAL
    assert at.slack.views == []
    assert all("changed since you looked" in words for words in at.told_privately())
    assert len(at.refusals()) == 5
    at.tell()
    [head] = at.slack.heads()
    assert "service=db" in shown(head)
    at.press(head, "approve", UADA)
    assert at.state(incident) is State.APPROVED


def test_a_modal_is_bound_to_the_plan_that_it_was_opened_for(at: SlackHouse) -> None:
    incident, message = at.asked()
    at.press(message, "change", UADA)
    at.house.loop.decisions.change(incident.id, owner("root"), parameters={"service": "db"})
    at.house.loop.engine.advance(incident.id)
    answer = at.fill(UADA).json()
    assert answer["response_action"] == "errors"
    assert "changed since you looked" in answer["errors"]["reason"]
    assert at.state(incident) is State.AWAITING_APPROVAL


def test_after_its_time_nothing_can_be_said_to_it(at: SlackHouse) -> None:
    incident, message = at.asked()
    at.house.clock.advance(timedelta(minutes=31))
    at.press(message, "approve", UADA)
    assert at.state(incident) is not State.APPROVED
    assert len(at.refusals()) == 1
    at.house.settle_down(timedelta(hours=1))
    at.press(message, "approve", UADA)
    assert at.house.world.executed == []
    assert "there is nothing to decide" in at.told_privately()[-1]
    at.tell()
    [head] = at.slack.heads()
    assert "Escalated" in shown(head)
    assert "[ Approve ]" not in shown(head)


def test_a_no_has_a_reason(at: SlackHouse) -> None:
    incident, message = at.asked()
    at.press(message, "reject", UADA)
    assert "Why not?" in shown(at.slack.views[0]["view"])
    assert at.fill(UADA, reason=" \n").json()["response_action"] == "errors"
    assert at.fill(UADA, reason="the disk is\nbeing moved").json() == {}
    assert at.state(incident) is State.REJECTED
    assert "the disk is being moved" in at.house.incident(incident.id).reason
    at.tell()
    assert "Rejected" in shown(at.slack.heads()[0])


def test_a_viewer_who_gets_hold_of_a_modal_can_not_submit_it(at: SlackHouse) -> None:
    incident, message = at.asked()
    at.press(message, "reject", UADA)
    answer = at.fill(UVIC, reason="no")
    assert "vic may not decide" in answer.json()["errors"]["reason"]
    assert at.state(incident) is State.AWAITING_APPROVAL


def test_other_values_make_a_plan_that_somebody_else_approves(at: SlackHouse) -> None:
    incident, message = at.asked()
    at.press(message, "change", UADA)
    assert at.fill(UADA, service="db").json() == {}
    at.house.loop.engine.advance(incident.id)
    at.tell()
    [head] = at.slack.heads()
    assert "service=db" in shown(head)
    at.press(head, "approve", UADA)
    assert "asked for this" in at.told_privately()[0]
    at.press(head, "approve", UBOB)
    at.house.settle_down()
    assert [step.parameters for step in at.house.world.executed][:1] == [{"service": "db"}]


def test_a_value_that_the_schema_does_not_have_is_refused_at_its_field(at: SlackHouse) -> None:
    incident, message = at.asked()
    at.press(message, "change", UADA)
    errors = at.fill(UADA, service="{{ lookup('pipe', 'id') }}").json()["errors"]
    assert "is refused" in errors["parameter:service"]
    assert at.state(incident) is State.AWAITING_APPROVAL


def test_hosts_that_are_not_in_the_plan_are_refused(at: SlackHouse) -> None:
    incident, message = at.asked()
    at.press(message, "change", UADA)
    view = at.slack.views[-1]["view"]
    element = {"type": "checkboxes", "action_id": "value", "options": [{"value": "h2"}, {"value": "h9"}]}
    view["blocks"].append({"type": "input", "block_id": "hosts", "element": element})
    assert "is not in the plan" in str(at.fill(UADA, hosts=["h2"]).json()["errors"])
    assert "at least one host" in str(at.fill(UADA, hosts=[]).json()["errors"])
    assert at.state(incident) is State.AWAITING_APPROVAL


def test_snoozed_for_an_hour_and_escalated(at: SlackHouse) -> None:
    incident, message = at.asked()
    at.press(message, "snooze", UOLA)
    at.tell()
    assert "Snoozed by ola until" in shown(at.slack.heads()[0])
    at.press(message, "escalate", UOLA)
    assert at.state(incident) is State.ESCALATED


def test_a_private_line_goes_to_nobody_but_slack(at: SlackHouse) -> None:
    _, message = at.asked()
    for url in ("https://evil.example.com/x", "http://hooks.slack.com/x", "file:///etc/passwd", "https://[::bad"):
        at.press(message, "approve", UVIC, response_url=url)
    assert [one["user"] for one in at.slack.called("chat.postEphemeral")] == [UVIC] * 4


def test_everything_that_was_sent_is_within_the_limits_with_a_plan_for_very_many_hosts(tmp_path: Path) -> None:
    many = tuple(HOSTS[0].evolve(name=f"h{number}.{'x' * 60}") for number in range(120))
    names = tuple(host.name for host in many)
    world = World(diffs={name: f"+{name}\n" * 500 for name in names})
    with open_slack(tmp_path, world=world, hosts=many, cards={"reach": {"max_hosts": 200}}) as at:
        wish = {"remedy": "restart", "hosts": names, "parameters": {"service": "web"}}
        incident, message = at.ask_about(at.house.loop.desk.ask("demo", owner("root"), **wish).id)
        assert "and 112 more" in shown(message)
        assert "and 492 more changed lines" in shown(message)
        at.press(message, "change", UADA)
        [opened] = at.slack.views
        assert "hosts" not in {block.get("block_id") for block in opened["view"]["blocks"]}
        assert at.fill(UADA).json() == {}
        assert at.state(incident) is State.APPROVED
