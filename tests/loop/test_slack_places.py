"""A Slack user is somebody in one workspace and one app: the same id from elsewhere is somebody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.states import State
from tests.slack_house import UADA, open_slack
from tests.slack_server import APP, TEAM, click, command

ELSEWHERE: dict[str, dict[str, Any]] = {
    "another workspace": {"user": {"id": UADA, "team_id": "T0OTHER"}},
    "another workspace, in a shared channel": {"user": {"id": UADA, "team_id": "T0OTHER"}, "team": {"id": TEAM}},
    "another workspace, by the team alone": {"user": {"id": UADA}, "team": {"id": "T0OTHER"}},
    "another app": {"api_app_id": "A0OTHER"},
    "no workspace": {"user": {"id": UADA}, "team": None},
    "no app": {"api_app_id": ""},
}


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("used", [False, True], ids=["before its first use", "after it"])
@pytest.mark.parametrize("changes", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_the_same_id_from_elsewhere_decides_nothing(tmp_path: Path, changes: dict[str, Any], used: bool) -> None:
    if not used and changes == {"api_app_id": "A0OTHER"}:
        pytest.skip("at the first use, the signature says which app it is")
    with open_slack(tmp_path) as slack:
        people = slack.house.loop.context.store.people
        if used:
            assert slack.type("status", UADA)
        incident, message = slack.asked()
        assert slack.send(click(slack.slack, message, "approve", UADA, **changes)).status_code == 200
        assert slack.state(incident) is State.AWAITING_APPROVAL
        assert "is not known from here" in str(slack.slack.whispers[-1])
        link = people.slack_link(UADA)
        assert link is not None
        assert (link.team, link.app) == ((TEAM, APP) if used else (None, None))
        refusals = [one for one in slack.house.loop.context.store.journal.entries() if one.kind == "request.refused"]
        assert [one.actor for one in refusals] == [f"slack:{UADA}"]


@pytest.mark.usefixtures("engine")
def test_a_command_is_bound_too(tmp_path: Path) -> None:
    with open_slack(tmp_path) as slack:
        for changes in ({"team_id": "T0OTHER"}, {"api_app_id": ""}):
            slack.send(command(slack.slack, "pause * now", UADA, **changes), "commands")
            assert "is not known from here" in str(slack.slack.whispers[-1])
        assert slack.house.loop.context.store.pauses.in_force() == []


@pytest.mark.usefixtures("engine")
def test_the_first_use_binds_and_a_new_link_is_free_again(tmp_path: Path) -> None:
    with open_slack(tmp_path) as slack:
        store = slack.house.loop.context.store
        incident, message = slack.asked()
        slack.press(message, "approve", UADA)
        assert slack.state(incident) is State.APPROVED
        assert store.people.slack_link(UADA) == ("ada", TEAM, APP)
        assert [one.body["team"] for one in store.journal.entries() if one.kind == "identity.bound"] == [TEAM]
        asked = [method for method, _ in slack.slack.calls].count("auth.test")
        slack.type("status", UADA)
        assert [method for method, _ in slack.slack.calls].count("auth.test") == asked, "once is enough"
        store.people.link("ada", "slack", UADA, "test")
        assert store.people.slack_link(UADA) == ("ada", None, None)
        assert store.proof().violation is None
