"""`fleetmend slack check` finds each thing that is missing between a problem and an approval, and says what is next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli_runs import Cli
from tests.slack_house import PUBLIC, SlackHouse, open_slack
from tests.slack_server import TOKEN


@pytest.fixture
def at(tmp_path: Path) -> Iterator[SlackHouse]:
    with open_slack(tmp_path) as opened:
        yield opened


def found(at: SlackHouse, level: str = "error") -> str:
    return "\n".join(f"{one.what}: {one.detail}" for one in at.house.loop.slack_check.findings() if one.level == level)


def test_all_is_well_but_for_the_url_that_is_made_up(at: SlackHouse) -> None:
    assert found(at) == ""
    well = found(at, "ok")
    for words in ("fleetmend in the workspace tests", "the app is in #ops", "the app is in #next", "ada, bob"):
        assert words in well


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"slack_token": None}, "FLEETMEND_SLACK_TOKEN is not set"),
        ({"slack_token": "xoxb-another"}, "invalid_auth (the token is not in force"),
        ({"slack_signing_secret": None}, "FLEETMEND_SLACK_SIGNING_SECRET is not set"),
        ({"public_url": None}, "FLEETMEND_PUBLIC_URL is not set"),
        ({"public_url": "http://fleetmend.example.com"}, "Slack sends clicks to https alone"),
    ],
)
def test_a_setting_that_is_missing_or_wrong(tmp_path: Path, setting: dict[str, Any], words: str) -> None:
    with open_slack(tmp_path, settings=setting) as at:
        assert words in found(at)


def test_a_channel_that_is_not_there(at: SlackHouse) -> None:
    at.slack.channels.pop("#next")
    assert "#next: " in found(at)
    assert "/invite" in found(at)


def test_a_channel_by_its_id(tmp_path: Path) -> None:
    with open_slack(tmp_path, notify={"slack": "C0OPS"}) as at:
        assert "the app is in C0OPS" in found(at, "ok")
        assert at.slack.called("conversations.info") == [{"channel": "C0OPS"}]


def test_too_few_people_who_could_say_yes(tmp_path: Path) -> None:
    with open_slack(tmp_path, policy={"approve": {"approvers": {"high": 3}}}) as at:
        assert "3 approvers have to be linked to Slack users, and 2 are" in found(at)
        at.house.loop.context.store.people.unlink("ada", "slack", "test")
        assert "1 are (not linked: ada)" in found(at)


def test_scopes_that_are_missing(at: SlackHouse) -> None:
    at.slack.scopes = "chat:write,channels:read"
    assert "missing: commands, groups:read" in found(at)
    at.slack.scopes = "chat:write,commands"
    assert "missing: channels:read, groups:read" in found(at, "warning")


def test_the_last_delivery_that_failed(at: SlackHouse) -> None:
    at.slack.errors = [{"error": "is_archived"}]
    at.house.loop.engine.advance(at.house.report().id)
    at.tell()
    assert "delivery to #ops: chat.postMessage: is_archived (the channel is archived" in found(at)


def test_a_fleet_that_names_a_channel_while_slack_is_not_set_up_is_told_so(tmp_path: Path) -> None:
    from loop.slack_check import missing_token

    with open_slack(tmp_path, settings={"slack_token": None}, notify={"slack": "#ops", "webhook": True}) as at:
        [token, webhook] = missing_token(at.house.loop.context, "demo")
        assert (token.level, "FLEETMEND_SLACK_TOKEN is not set" in token.detail) == ("warning", True)
        assert "FLEETMEND_WEBHOOK_URL is not set" in webhook.detail
        at.house.loop.engine.advance(at.house.report().id)
        assert at.tell() == 0


def test_the_command_says_it_and_exits_with_the_answer(at: SlackHouse, capsys: pytest.CaptureFixture[str]) -> None:
    cli = Cli(capsys, at.house)
    assert "the app is in #ops" in cli.ok("slack", "check")
    assert json.loads(cli.ok("slack", "check", "--json"))[0]["what"] == "token"
    at.slack.channels.clear()
    failed = cli("slack", "check")
    assert (failed.code, "no such channel" in failed.out) == (1, True)
    assert TOKEN not in failed.out


def test_a_test_message(at: SlackHouse, capsys: pytest.CaptureFixture[str]) -> None:
    cli = Cli(capsys, at.house)
    assert cli.ok("slack", "test", "demo") == "posted to #ops\n"
    assert "This is a test" in at.slack.heads()[0]["text"]
    at.slack.errors = [{"error": "not_in_channel"}]
    assert "invite" in cli("slack", "test", "demo").err
    assert cli("slack", "test", "nowhere").code == 4


def test_the_manifest_names_our_urls_and_no_more_scopes_than_we_use(capsys: pytest.CaptureFixture[str]) -> None:
    cli = Cli(capsys)
    made = yaml.safe_load(cli.ok("slack", "manifest", "--public-url", PUBLIC))
    assert made["settings"]["interactivity"]["request_url"] == f"{PUBLIC}/api/v1/slack/actions"
    assert made["features"]["slash_commands"][0]["url"] == f"{PUBLIC}/api/v1/slack/commands"
    assert made["oauth_config"]["scopes"]["bot"] == ["chat:write", "commands", "channels:read", "groups:read"]
    assert "FLEETMEND_PUBLIC_URL" in cli("slack", "manifest").err
