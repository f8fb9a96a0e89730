"""`fleetmend people`, `me` and `tokens`: what they print, and that passwords are asked for and never shown."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.people import Grant, Role
from tests.cli_runs import Cli, empty_place
from tests.world import House, open_house

WORDS = "a few words in a row"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    empty_place(tmp_path / "unused", monkeypatch)
    monkeypatch.setenv("LOGNAME", "ada")
    with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def cli(house: House, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys, house)


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_somebody_comes_gets_more_and_goes(cli: Cli, house: House) -> None:
    assert cli.ok("people") == "nobody yet; `fleetmend people add NAME`\n"
    added = cli.ok("people", "add", "bob", "--role", "approver", "--fleet", "demo", "--slack", "U012AB3CD")
    assert added == "added: bob, approver in demo\n"
    assert cli.ok("people", "grant", "bob", "--role", "viewer") == "bob: viewer in every fleet, approver in demo\n"
    assert cli.ok("people", "revoke", "bob") == "bob: approver in demo\n"
    assert cli.ok("people", "slack", "bob", "--unlink") == "bob: nobody in Slack\n"
    assert cli.ok("people", "slack", "bob", "U0ELSE00") == "bob: U0ELSE00 in Slack\n"
    assert cli.ok("people", "disable", "bob") == "disabled: bob\n"
    listed = cli.ok("people")
    assert "approver in demo" in listed
    assert "disabled since" in listed
    [shown] = cli("people", "--json").json
    assert (shown["name"], shown["slack"], shown["signs_in"]) == ("bob", "U0ELSE00", False)
    assert cli.ok("people", "enable", "bob") == "enabled: bob\n"
    assert cli.ok("people", "revoke", "bob", "--fleet", "demo") == "bob: no role\n"
    actors = {entry.actor for entry in house.loop.context.store.journal.entries()}
    assert actors == {"person:ada"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("people", "add", "bob", "--role", "king"), 2, "role"),
        (("people", "add", "not a name"), 2, "name"),
        (("people", "add", "bob", "--role", "viewer", "--fleet", "demmo"), 4, "no fleet 'demmo'"),
        (("people", "add", "bob", "--slack", "bob"), 2, "user_id"),
        (("people", "grant", "nobody", "--role", "viewer"), 4, "there is nobody called 'nobody'; `fleetmend people`"),
        (("people", "revoke", "nobody"), 4, "there is nobody called"),
        (("people", "slack", "ada"), 2, "give a Slack user id, or --unlink"),
        (("people", "password", "ada"), 2, "there is no terminal to ask on; pass it with --password-stdin"),
        (("tokens", "make", "x", "--for", "nobody"), 4, "there is nobody called 'nobody'"),
        (("tokens", "make", "x", "--expires", "soon"), 2, "expires"),
    ],
)
def test_what_goes_wrong_is_said(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, words: str
) -> None:
    type_in(monkeypatch, "")
    result = cli(*arguments)
    assert (result.code, words in result.err) == (code, True), result.err


def test_a_name_that_is_taken_is_a_conflict(cli: Cli) -> None:
    cli.ok("people", "add", "bob")
    assert cli("people", "add", "Bob").code == 5


def test_a_password_comes_from_standard_input(cli: Cli, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = house.loop.context.store.passwords
    type_in(monkeypatch, WORDS + "\n")
    assert cli.ok("people", "add", "bob", "--password-stdin") == "added: bob, no role yet\n"
    assert passwords.right("bob", WORDS)
    type_in(monkeypatch, "short\n")
    result = cli("people", "password", "bob", "--password-stdin")
    assert (result.code, "a few words in a row are easy to keep in mind" in result.err) == (2, True)
    type_in(monkeypatch, WORDS + "!\n")
    assert WORDS not in cli.ok("people", "password", "bob", "--password-stdin")
    assert passwords.right("bob", WORDS + "!")


def test_a_password_is_asked_for_twice_without_echo(cli: Cli, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = iter([WORDS, WORDS, WORDS, "another"])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(asked))
    monkeypatch.setattr("sys.stdin", type("Terminal", (io.StringIO,), {"isatty": lambda _self: True})())
    cli.ok("people", "add", "bob", "--password")
    assert house.loop.context.store.passwords.right("bob", WORDS)
    result = cli("people", "password", "bob")
    assert (result.code, "the two are not the same" in result.err) == (2, True)


def test_one_is_told_who_one_is(cli: Cli) -> None:
    text = cli.ok("me")
    assert text.startswith("ada, by owner\n")
    assert "every fleet" in text
    assert cli("me", "--json").json["may"] == {"*": ["read", "report", "operate", "decide", "administer"]}


def test_a_token_is_limited(cli: Cli, house: House) -> None:
    tokens = house.loop.context.store.tokens
    secret = cli.ok("tokens", "make", "monitor", "--role", "reporter", "--fleet", "demo", "--expires", "90d").strip()
    access = tokens.owner(secret)
    assert access is not None
    assert (access.person, access.grants) == ("monitor", (Grant(role=Role.REPORTER, fleet="demo"),))
    cli.ok("people", "add", "bob", "--role", "approver")
    cli.ok("tokens", "make", "bobs", "--for", "bob", "--role", "viewer")
    listed = cli.ok("tokens").splitlines()
    assert [line.split()[:3] for line in listed] == [
        ["NAME", "OF", "AS"],
        ["bobs", "bob", "viewer"],
        ["monitor", "monitor", "reporter"],
    ]
    assert "never" in listed[1]
