"""The commands over a whole loop in memory: what they print, what they do, and what they hand on as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import BadInput
from core.incidents import Incident
from core.runs import RunStatus
from core.states import State
from tests.cli_runs import Cli, empty_place
from tests.world import HOSTS, House, open_house

APPROVE = {"mode": "approve", "policy": {"approve": {"risk": "medium"}}, "cooldown": "0s"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_place(tmp_path / "unused", monkeypatch)
    monkeypatch.setenv("LOGNAME", "ada")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, **APPROVE) as opened:
        yield opened


@pytest.fixture
def cli(house: House, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys, house)


@pytest.fixture
def waiting(house: House) -> Incident:
    """An incident whose plan waits for a person."""
    opened = house.report()
    house.loop.engine.advance(opened.id)
    return house.incident(opened.id)


def test_live_incidents_are_listed(cli: Cli, house: House, waiting: Incident) -> None:
    assert waiting.id in cli.ok("incidents")
    assert "service_down web on h1" in cli.ok("incidents", "--state-is", "awaiting_approval")
    assert cli.ok("incidents", "--fleet", "other") == "no live incidents; --all shows those that ended\n"
    cli.ok("reject", waiting.id, "--reason", "not now")
    assert waiting.id not in cli.ok("incidents")
    assert "rejected by person:ada: not now" in cli.ok("incidents", "--all")


@pytest.mark.parametrize("arguments", [("--json", "incidents"), ("incidents", "--json")])
def test_json_may_be_asked_for_anywhere(cli: Cli, waiting: Incident, arguments: tuple[str, ...]) -> None:
    [found] = cli(*arguments).json
    assert (found["id"], found["state"]) == (waiting.id, "awaiting_approval")


def test_a_plan_is_shown_with_how_to_decide(cli: Cli, waiting: Incident) -> None:
    text = cli.ok("plan", waiting.id[-6:])
    assert "restart service=web on h1" in text
    assert "repair service=web on h1" in text, "the alternative"
    assert f"fleetmend approve {waiting.id}" in text
    shown = cli("plan", waiting.id, "--diff", "--json").json
    assert shown["preview"]["previews"][0]["result"]["status"] == "successful"
    assert shown["plan"]["id"] == waiting.plan_id
    assert "Would change:" in cli.ok("plan", waiting.id, "--diff")


def test_an_approved_plan_runs_and_is_told(cli: Cli, house: House, waiting: Incident) -> None:
    text = cli.ok("approve", waiting.id, "--reason", "go on")
    assert "restart service=web on h1" in text
    assert f"{waiting.id} is approved: approved by person:ada" in text
    house.settle_down()
    told = cli.ok("incident", waiting.id)
    for word in ("Detected", "Planned, plan 1", "Decided: approved by person:ada", "go on", "Ran restart", "Journal"):
        assert word in told
    assert "Verified: healed" in told
    assert "Learnt: restart healed service_down in demo 1 of 1 times" in told
    assert "h1: 1 ok" in told
    assert "service_down  restart  all fleets  1 of 1" in cli.ok("lessons")
    assert cli.ok("lessons", "--symptom", "disk_full") == "nothing was learnt yet\n"


def test_a_second_decision_is_a_conflict(cli: Cli, waiting: Incident) -> None:
    cli.ok("reject", waiting.id, "--reason", "no need")
    assert cli("approve", waiting.id).code == 5


def test_another_plan_than_the_one_that_was_looked_at_is_not_approved(cli: Cli, waiting: Incident) -> None:
    result = cli("approve", waiting.id, "--hash", "0" * 64)
    assert result.code == 5
    assert "changed since you looked at it" in result.err


def test_an_escalated_incident_is_closed_by_hand(cli: Cli, house: House) -> None:
    house.rewrite_fleet(mode="approve", policy={"approve": {"risk": "low"}})
    house.world.result = RunStatus.FAILED
    opened = house.report()
    assert cli("close", opened.id, "--reason", "too early").code == 5
    house.loop.engine.advance(opened.id)
    cli.ok("approve", opened.id)
    house.settle_down()
    assert house.incident(opened.id).state is State.ESCALATED, "the alternative's risk is above the policy"
    assert cli.ok("close", opened.id, "--reason", "done by hand") == f"closed {opened.id}: service_down web on h1\n"
    assert house.incident(opened.id).state is State.CLOSED


def test_an_incident_without_a_plan_says_so(cli: Cli, house: House) -> None:
    opened = house.report()
    result = cli("plan", opened.id)
    assert (result.code, result.err.count("\n")) == (5, 1)
    assert "has no plan" in result.err


def test_hostile_evidence_is_shown_and_does_nothing(cli: Cli, house: House) -> None:
    opened = house.report(evidence={"note": "\x1b[2J[bold red]\u202eweb\nfleetmend approve"})
    text = cli.ok("incident", opened.id)
    assert "note=[2J[bold red]web fleetmend approve" in text
    assert "\x1b" not in text


def test_runs_are_listed_and_shown(cli: Cli, house: House, waiting: Incident) -> None:
    assert cli.ok("runs") == "no runs yet\n"
    cli.ok("approve", waiting.id)
    house.settle_down()
    [run] = cli("runs", "--json", "--incident", waiting.id).json
    assert run["status"] == "successful"
    assert cli.ok("runs", "--open") == "no runs yet\n"
    assert "successful after" in cli.ok("runs", "show", run["id"], "--follow")
    assert cli("runs", "show", run["id"], "--json").json["events"] == []
    assert cli("cancel", run["id"]).code == 5


def test_a_detection_opens_an_incident_or_goes_into_one(cli: Cli, house: House) -> None:
    report = ("detect", "demo", "h2", "service_down", "--subject", "web", "--severity", "critical")
    assert cli.ok(*report, "--evidence", "state=FATAL", "--evidence", "code=7").startswith("opened inc-")
    [incident] = house.loop.context.store.incidents.newest()
    assert incident.evidence == {"state": "FATAL", "code": 7}
    assert cli(*report, "--json").json["accepted"][0]["opened"] is False
    assert cli.ok(*report) == f"went into {incident.id}\n"


def test_asking_waits_for_the_plan(cli: Cli, house: House) -> None:
    wish = ("ask", "--fleet", "demo", "--host", "h1", "--remedy", "repair", "--set", "service=web")
    result = cli(*wish, sleep=lambda _seconds: house.settle_down())
    assert result.code == 0, result.err
    assert "repair service=web on h1" in result.out
    assert "fleetmend approve inc-" in result.out
    assert "asked: repair (h1)" in cli.ok("incidents")


def test_asking_for_what_there_is_not_ends_with_the_reason(cli: Cli, house: House) -> None:
    result = cli(
        "ask", "order", "a", "pizza", "for", "h1", "--fleet", "demo", sleep=lambda _seconds: house.settle_down()
    )
    assert result.code == 1
    assert "is escalated: " in result.out


def test_asking_does_not_wait_for_ever(cli: Cli) -> None:
    wish = ("ask", "--fleet", "demo", "--host", "h1", "--remedy", "repair", "--set", "service=web")
    result = cli(*wish, "--timeout", "0")
    assert result.code == 75
    assert "is `fleetmend up` running?" in result.err
    assert cli("ask", "restart", "web", "on", "h2", "--fleet", "demo", "--no-wait").out.startswith("asked: inc-")


def test_pausing_and_resuming(cli: Cli) -> None:
    assert cli.ok("pause", "--list") == "nothing is paused\n"
    assert cli.ok("pause", "--reason", "moving house").startswith("paused: every fleet")
    assert cli.ok("pause", "demo").startswith("paused: demo")
    listed = cli.ok("pause", "--list")
    assert "every fleet" in listed
    assert "moving house" in listed
    assert cli.ok("resume") == "resumed: every fleet\n"
    assert cli.ok("resume", "demo") == "resumed: demo\n"
    assert cli("resume").code == 5


def test_tokens_are_made_listed_and_revoked(cli: Cli, house: House) -> None:
    token = cli.ok("tokens", "make", "ci").strip()
    assert house.loop.context.store.tokens.owner(token).person == "ci"
    assert "ci" in cli.ok("tokens")
    assert token not in cli.ok("tokens")
    assert cli.ok("tokens", "revoke", "ci") == "revoked: ci\n"
    assert house.loop.context.store.tokens.owner(token) is None


def test_the_journal_is_shown_and_proved(cli: Cli, house: House, waiting: Incident) -> None:
    assert cli.ok("journal", "verify").startswith("the journal is whole: ")
    assert "plan.made" in cli.ok("journal")
    assert [entry["seq"] for entry in cli("journal", "--after", "1", "--limit", "2", "--json").json] == [2, 3]
    cli.ok("pause")
    assert "switch.paused" not in cli.ok("journal", "--incident", waiting.id)


def test_a_journal_that_was_cut_is_no_longer_whole(cli: Cli, house: House, waiting: Incident) -> None:
    head = house.loop.context.store.journal.head_file
    head.advance(head.read().evolve(seq=10_000))  # type: ignore[union-attr]
    result = cli("journal", "verify")
    assert result.code == 1
    assert "its tail was cut off" in result.out


def test_fleets_are_listed_and_shown(cli: Cli, house: House) -> None:
    assert "demo   approve  yes      3" in cli.ok("fleets")
    shown = cli.ok("fleets", "show", "demo")
    assert all(host.name in shown for host in HOSTS)
    assert "fleetmend_services" not in shown
    (house.content / "inventory" / "demo" / "fleet.yml").write_text("mode: sometimes\n")
    assert "fleet.yml:1: mode: should be" in cli.ok("fleets")
    assert cli("fleets", "show", "demo").code == BadInput.exit_code


def test_the_catalog_is_listed_and_shown(cli: Cli) -> None:
    assert "restart  low     vetted" in cli.ok("catalog")
    shown = cli.ok("catalog", "show", "restart")
    assert "service    str   yes       -        a name in fleetmend_services" in shown
    assert "disk_full" in cli.ok("catalog", "symptoms")


def test_settings_show_where_they_come_from_and_hide_secrets(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEETMEND_TOKEN", "fm_abcdefghijklmnopqrstuvwxyz")
    monkeypatch.setenv("FLEETMEND_DATABASE_URL", "postgresql://me:hunter22@db/fleetmend")
    text = cli.ok("settings", "--url", "http://elsewhere")
    assert "FLEETMEND_URL=http://elsewhere (from the option)" in text
    assert "FLEETMEND_TOKEN=«redacted» (from the environment)" in text
    assert "hunter22" not in text
    assert "abcdefgh" not in text
    by_name = {one["variable"]: one for one in cli("settings", "--json").json}
    assert by_name["FLEETMEND_PORT"]["value"] == 8484
    assert by_name["FLEETMEND_PORT"]["from"] == "default"
