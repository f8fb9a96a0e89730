"""Durations, shares, ids, redaction: small things that everything else leans on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.durations import format_duration, parse_duration, parse_share
from core.errors import BadInput
from core.fleets import FleetFile
from core.ids import new_id
from core.redaction import MASK, Redactor
from core.settings import read_settings
from core.yaml_files import YamlFile


@given(st.integers(min_value=0, max_value=10**9))
def test_durations_come_back_as_they_were_written(milliseconds: int) -> None:
    value = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(value)) == value


@pytest.mark.parametrize("text", ["", "5", "1 h", "h", "-3s", "3s ", "1m2", 30, None, "１s\n"])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "share"), [("25%", 0.25), (0.5, 0.5), (0, 0.0), (1, 1.0), ("100%", 1.0)])
def test_shares(text: object, share: float) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["101%", "x%", 1.5, -1, True, "0.5"])
def test_what_is_no_share(text: object) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        parse_share(text)


def test_ids_sort_by_time_and_differ() -> None:
    ids = [new_id("inc") for _ in range(200)]
    assert len(set(ids)) == len(ids)
    assert [one[:12] for one in ids] == sorted(one[:12] for one in ids)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("db_password: hunter22", "hunter22"),
        ('{"api_token": "abc-def"}', "abc-def"),
        ("Authorization: Bearer abcdefghijkl", "abcdefghijkl"),
        ("postgresql://me:s3cr3t@db/x", "s3cr3t"),
        ("key AKIAABCDEFGHIJKLMNOP here", "AKIAABCDEFGHIJKLMNOP"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----", "MIIabc"),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162636465666768696a6b6c6d6e6f7071727374757677787970", "61626364"),
        ("plain swordfish word", "swordfish"),
    ],
)
def test_secrets_are_masked(text: str, secret: str) -> None:
    redacted = Redactor(["swordfish"]).text(text)
    assert secret not in redacted
    assert MASK in redacted


def test_values_under_secret_names_are_masked_whole() -> None:
    assert Redactor().value({"login_password": "x", "name": "web", "more": [{"token": "y"}]}) == {
        "login_password": MASK,
        "name": "web",
        "more": [{"token": MASK}],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mood: auto\n", ["fleet.yml:1", "mood", "allowed here:", "mode"]),
        ("mode: fast\n", ["fleet.yml:1", "mode", "observe"]),
        ("mode: auto\npolicy:\n  auto: {risk: low}\n  autos: 1\n", ["fleet.yml:4", "policy.autos", "approve"]),
        ("sweeps:\n  - {every: soon, probes: [host]}\n", ["fleet.yml:2", "sweeps.0.every", "30s"]),
        ("sweeps:\n  - {every: 30s}\n", ["fleet.yml:2", "'probes' is missing"]),
        ("mode: auto\nmode: auto\n", ["fleet.yml:2", "given twice"]),
        ("mode: [\n", ["fleet.yml", "not valid YAML"]),
        ("- a\n", ["fleet.yml:1", "a mapping is expected"]),
        ("schedules: {x: {remedy: a}}\n", ["fleet.yml:1", "schedules.x", "cron and every"]),
    ],
)
def test_a_wrong_fleet_file_is_one_clear_line(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "fleet.yml"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        YamlFile.read(path).as_model(FleetFile)
    message = str(caught.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == []
    assert caught.value.exit_code == 2


def test_an_unknown_setting_says_which_was_meant() -> None:
    with pytest.raises(BadInput, match=r"FLEETMEND_MODLE: unknown setting.*FLEETMEND_MODEL"):
        read_settings({"FLEETMEND_MODLE": "x"})


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEETMEND_LEASE", "soon")
    with pytest.raises(BadInput, match=r"FLEETMEND_LEASE: .*is not a duration"):
        read_settings()


def test_ids_of_one_moment_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch makes hundreds within a millisecond; two that are the same would refuse it."""
    monkeypatch.setattr("core.ids.time.time", lambda: 1_800_000_000.0)
    made = {new_id("det") for _ in range(20_000)}
    assert len(made) == 20_000
    assert {len(one) for one in made} == {20}


def test_ids_sort_by_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_800_000_000.0]
    monkeypatch.setattr("core.ids.time.time", lambda: now[0])
    made = []
    for _ in range(50):
        made.append(new_id("inc"))
        now[0] += 0.002
    assert made == sorted(made)
